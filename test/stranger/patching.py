"""A patch offered beside the chunks, taken as it comes (section 11, Patches). Nobody has signed it: the index decides."""

import os

from chunks import is_right
from patches import PatchReader, decode_frame
from trust import Fault

PATCH_WRONG_MAX = 3


class PatchOnItsWay:
    """A patch beside the chunks: a window and a frame of it at a time; what it makes counts only by the signed index."""

    def __init__(self, download, offered, zstd, base_size):
        self.download, self.offered, self.zstd = download, offered, zstd
        self.reader = PatchReader(offered['metadata'], download.manifest['payloadSize'], base_size)
        self.base = open(download.paths['installed'], 'rb')
        self.got = self.asked_to = 0
        self.is_asked = False
        self.next_chunk = 0
        self.tail = b''
        self.wrong = 0

    def is_over(self):
        return self.got == self.offered['patchBytes']

    def request(self, window):
        if self.is_asked:
            return None
        self.is_asked = True
        self.asked_to = min(self.got + window, self.offered['patchBytes'])
        return {'patch_base_sha256': bytes.fromhex(self.offered['base']), 'patch_offset': self.got, 'window_bytes': window, 'chunks': set()}

    def take(self, message):
        if message['encoding'] != 'plain' or message['encodedSize'] != self.offered['patchBytes']:
            raise Fault(42, reason='shape')
        if message['offset'] != self.got:
            return False
        data = message['data']
        self.got += len(data)
        self.download.wire += len(data)
        self.download.patch_wire += len(data)
        if self.got >= self.asked_to:
            self.is_asked = False
        self.reader.add(data)
        while (frame := self.reader.frame()) is not None:
            self._lay(frame)
        if self.is_over():
            self.reader.end()
        return True

    def _lay(self, frame):
        """Lays the output of a frame over the image and writes what the index confirms."""
        chunks, missing = self.download.index['chunks'], self.download.missing
        end, first = frame['at'] + frame['output'], self.next_chunk
        while self.next_chunk < len(chunks) and chunks[self.next_chunk]['offset'] + chunks[self.next_chunk]['length'] <= end:
            self.next_chunk += 1
        touched = range(first, min(len(chunks), self.next_chunk + 1))
        if not any(number in missing for number in touched if chunks[number]['offset'] < end):
            self.tail = b''
            return
        made = self.tail + decode_frame(self.zstd, frame, self.base)
        begin = end - len(made)
        for number in range(first, self.next_chunk):
            chunk = chunks[number]
            if number not in missing or chunk['offset'] < begin:
                continue
            data = made[chunk['offset'] - begin:chunk['offset'] - begin + chunk['length']]
            if not is_right(data, chunk):
                self.wrong += 1
                if self.wrong > PATCH_WRONG_MAX:
                    raise Fault(42, reason='wrong-chunks')
                continue
            os.pwrite(self.download.file, data, chunk['offset'])
            missing.discard(number)
            self.download.patched += chunk['length']
        keep = chunks[self.next_chunk]['offset'] if self.next_chunk < len(chunks) and self.next_chunk in missing else end
        self.tail = made[max(0, keep - begin):]
