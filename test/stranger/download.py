"""Brings a payload: the index first, then the chunks that are missing, each checked before it is written (sections 10 and 11)."""

import hashlib
import os

from chunks import cut, decode_chunk, is_right, parse_index
from patching import PatchOnItsWay
from trust import Fault

SILENCE_S, SILENCE_MAX_S, SILENCES_MAX = 10.0, 60.0, 8
REFETCH_MAX, NO_RIGHT_MAX = 3, 8
OPEN_REQUESTS_MAX, RANGES_MAX = 3, 1024
BUSY_S, BUSY_MAX_S = 1.0, 600.0
PARTIAL_BYTES_MAX = 4 * 1024 * 1024
CUT_BYTES_MAX = 8 * 1024 * 1024


def hash_file(path):
    """SHA-256 and size of a file; OSError when it cannot be read."""
    digest, size = hashlib.sha256(), 0
    with open(path, 'rb') as file:
        for block in iter(lambda: file.read(1 << 20), b''):
            digest.update(block)
            size += len(block)
    return digest.hexdigest(), size


class Piecewise:
    """Bytes that come in pieces, in any order: what is there, and whether all is."""

    def __init__(self, size, encoding):
        self.data = bytearray(size)
        self.encoding = encoding
        self.spans = []

    def add(self, offset, data):
        self.data[offset:offset + len(data)] = data
        spans = sorted([*self.spans, (offset, offset + len(data))])
        merged = [spans[0]]
        for begin, end in spans[1:]:
            if begin <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
            else:
                merged.append((begin, end))
        self.spans = merged

    def begun(self):
        """How many bytes are there from the beginning on without a gap."""
        return self.spans[0][1] if self.spans and self.spans[0][0] == 0 else 0

    def is_whole(self):
        return self.begun() == len(self.data)


class Download:
    """One payload on its way into `paths` {candidate, candidateIndex, installed, installedIndex}.

    `poll` gives the requests that are due, `take` gets what comes. Faults (24, 26, 22) end the update; OSErrors are the disk's.
    """

    def __init__(self, manifest, paths, window, log=lambda event, **fields: None):
        self.manifest, self.paths, self.window, self.log = manifest, paths, window, log
        self.index = None
        self.index_bytes = Piecewise(manifest['chunkIndexSize'], 'plain')
        self.index_asked = False
        self.index_bad = 0
        self.missing = set()
        self.order = []
        self.partial = {}
        self.bad = {}
        self.held = self.received = self.wire = self.broadcast = self.patched = self.patch_wire = 0
        self.patch = None
        self.file = None
        self.number = 0
        self.patience, self.silences, self.no_rights = SILENCE_S, 0, 0
        self.resume_at = 0.0
        self.deadline = None
        self.disconnect()

    # ---- what is there already ----

    def begin(self):
        """Looks what the disk has: an index from before, chunks of the candidate, chunks of the installed image."""
        try:
            with open(self.paths['candidateIndex'], 'rb') as file:
                data = file.read(self.manifest['chunkIndexSize'] + 1)
            if hashlib.sha256(data).hexdigest() == self.manifest['chunkIndexSha256']:
                self._use_index(data)
        except FileNotFoundError:
            pass

    def _use_index(self, data):
        self.index = parse_index(data, self.manifest['chunkIndexSha256'], self.manifest['payloadSize'])
        self.file = os.open(self.paths['candidate'], os.O_RDWR | os.O_CREAT, 0o600)
        os.ftruncate(self.file, self.manifest['payloadSize'])
        there = self._installed_chunks()
        for number, chunk in enumerate(self.index['chunks']):
            if is_right(os.pread(self.file, chunk['length'], chunk['offset']), chunk) or self._copy(there, chunk):
                self.held += chunk['length']
            else:
                self.missing.add(number)
        self._line_up()
        self.log('candidate', heldBytes=self.held, missingBytes=self.manifest['payloadSize'] - self.held)

    def _copy(self, there, chunk):
        offset = there.get((chunk['sha256'], chunk['length']))
        if offset is None:
            return False
        with open(self.paths['installed'], 'rb') as file:
            file.seek(offset)
            data = file.read(chunk['length'])
        if not is_right(data, chunk):
            return False
        os.pwrite(self.file, data, chunk['offset'])
        return True

    def _installed_chunks(self):
        """Where the installed image has which chunk: by the index beside it, else by cutting it."""
        try:
            with open(self.paths['installed'], 'rb') as file:
                size = os.fstat(file.fileno()).st_size
                try:
                    with open(self.paths['installedIndex'], 'rb') as beside:
                        data = beside.read()
                    chunks = parse_index(data, hashlib.sha256(data).hexdigest(), size)['chunks']
                    return {(one['sha256'], one['length']): one['offset'] for one in chunks}
                except (FileNotFoundError, Fault):
                    pass
                if size > CUT_BYTES_MAX:
                    return {}
                data = file.read(CUT_BYTES_MAX + 1)
        except FileNotFoundError:
            return {}
        there, offset = {}, 0
        for length in cut(data, self.index['minimumBytes'], self.index['averageBytes'], self.index['maximumBytes']):
            there[(hashlib.sha256(data[offset:offset + length]).hexdigest(), length)] = offset
            offset += length
        return there

    # ---- asking ----

    def disconnect(self):
        """The line is gone: the broker owes nothing any more, and silence costs nothing."""
        self.requests = {}
        self.asked = {}
        self.index_asked = False
        if self.patch is not None:
            self.patch.is_asked = False
        self.partial = {}
        self.first_number = self.number + 1
        self.deadline = None
        self._line_up()

    def _line_up(self):
        """What is to be asked for, the lowest last."""
        self.order = sorted((one for one in self.missing if one not in self.asked), reverse=True)

    def is_whole(self):
        return self.index is not None and not self.missing

    def poll(self, now, is_resting=False):
        """The next request as the fields of a ChunkRequest without operation, or None; call again until None."""
        if is_resting and self.index is not None:
            # What was asked for may still come; nobody waits for it.
            if self.asked:
                self.requests, self.asked, self.deadline = {}, {}, None
                self._line_up()
            return None
        if self.deadline is not None and now >= self.deadline:
            self._silence(now)
        if self.patch is not None and self.patch.is_over():
            self.leave_patch('end')
        if now < self.resume_at or self.is_whole():
            return None
        request = None
        if self.index is None:
            if not self.index_asked:
                self.index_asked = True
                request = {'index': True, 'index_offset': self.index_bytes.begun(), 'window_bytes': self.window}
                request['chunks'] = set()
        elif self.patch is not None:
            request = self.patch.request(self.window)
        else:
            request = self._ask_chunks()
        if request is None:
            return None
        self.number += 1
        chunks = request.pop('chunks')
        self.requests[self.number] = chunks
        for chunk in chunks:
            self.asked[chunk] = self.number
        if self.deadline is None:
            self.deadline = now + self.patience
        return {'request_number': self.number, 'artifact_sha256': bytes.fromhex(self.manifest['payloadSha256']), **request}

    def _ask_chunks(self):
        """Names only chunks whose plain lengths fit into the window together: then it is known what the broker owes."""
        lengths = self.index['chunks']
        waiting = sum(lengths[chunk]['length'] for chunk in self.asked)
        if len(self.requests) >= OPEN_REQUESTS_MAX or waiting > self.window // 2:
            return None
        ranges, chosen, room = [], set(), self.window - waiting
        while self.order and len(ranges) < RANGES_MAX:
            chunk = self.order[-1]
            if chunk not in self.missing or chunk in self.asked:
                self.order.pop()
                continue
            if chosen and lengths[chunk]['length'] > room:
                break
            self.order.pop()
            room -= lengths[chunk]['length']
            chosen.add(chunk)
            if ranges and ranges[-1]['first'] + ranges[-1]['count'] == chunk:
                ranges[-1]['count'] += 1
            else:
                ranges.append({'first': chunk, 'count': 1})
        if not chosen:
            return None
        return {'ranges': ranges, 'window_bytes': self.window, 'chunks': chosen}

    def _forget(self, number):
        """What this request has not brought must be asked for again."""
        for chunk in self.requests.pop(number, ()):
            if self.asked.get(chunk) == number:
                del self.asked[chunk]
        self._line_up()

    def _silence(self, now):
        self.silences += 1
        if self.silences >= SILENCES_MAX and self.patch is not None:
            self.leave_patch('no-answer')
        elif self.silences >= SILENCES_MAX:
            field = {'field': 'chunk-index'} if self.index is None else {'chunk': min(self.missing)}
            raise Fault(24, reason='no-answer', **field)
        self.patience = min(SILENCE_MAX_S, 2 * self.patience)
        for number in list(self.requests):
            self._forget(number)
        self.index_asked = False
        if self.patch is not None:
            self.patch.is_asked = False
        self.deadline = now + self.patience

    # ---- what comes ----

    def take(self, message, now):
        """A ChunkData as messages.chunk_data reads it. True when something of use was in it."""
        if not self.first_number <= message['requestNumber'] <= self.number:
            return False
        if message['kind'] == 'refusal':
            self._refused(message, now)
            return False
        self.patience, self.silences, self.no_rights = SILENCE_S, 0, 0
        self.deadline = now + self.patience
        if 'chunk' not in message:
            return self._take_patch(message) if self.index is not None else self._take_index(message)
        return self._take_chunk(message)

    # ---- a patch, where one is offered ----

    def use_patch(self, offered, zstd, base_size):
        """Takes this patch from now on; the index must be there. The caller has judged that it is worth it."""
        try:
            self.patch = PatchOnItsWay(self, offered, zstd, base_size)
        except (Fault, OSError) as error:
            self.log('patch-left', reason=str(error))

    def leave_patch(self, reason):
        """Whatever is wrong with a patch ends it and never the update."""
        if self.patch is not None:
            self.log('patch-left', reason=reason, patchBytes=self.patched, patchWireBytes=self.patch_wire)
            self.patch.base.close()
            self.patch = None
            self.requests, self.asked, self.deadline = {}, {}, None
            self.patience, self.silences, self.no_rights = SILENCE_S, 0, 0
            self.first_number = self.number + 1
            self._line_up()

    def _take_patch(self, message):
        if self.patch is None:
            return False
        try:
            return self.patch.take(message)
        except Fault as fault:
            self.leave_patch(fault.data['reason'])
        return False

    def hear(self, message):
        """A piece of a broadcast session."""
        if self.index is None or message['chunk'] not in self.missing:
            return False
        return self._take_chunk(message, is_broadcast=True)

    def _take_index(self, message):
        if self.index is not None:
            return False
        size = len(self.index_bytes.data)
        if message['encoding'] != 'plain' or message['encodedSize'] != size or message['offset'] + len(message['data']) > size:
            return self._bad_index('shape')
        before = self.index_bytes.begun()
        self.index_bytes.add(message['offset'], message['data'])
        begun = self.index_bytes.begun()
        if not self.index_bytes.is_whole():
            if begun // self.window > before // self.window or begun % self.window == 0:
                self.index_asked = False
            return True
        data = bytes(self.index_bytes.data)
        actual = hashlib.sha256(data).hexdigest()
        if actual != self.manifest['chunkIndexSha256']:
            return self._bad_index(actual)
        with open(self.paths['candidateIndex'], 'wb') as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        self.wire += size
        self.requests = {}
        self._use_index(data)
        self.deadline = None
        return True

    def _bad_index(self, actual):
        self.index_bad += 1
        if self.index_bad > REFETCH_MAX:
            raise Fault(26, reason='chunk-index', expected=self.manifest['chunkIndexSha256'], actual=actual)
        self.index_bytes = Piecewise(len(self.index_bytes.data), 'plain')
        self.index_asked = False
        # Pieces that were asked for before belong to the copy that was thrown away.
        self.requests = {}
        self.first_number = self.number + 1
        return False

    def _take_chunk(self, message, is_broadcast=False):
        number = message['chunk']
        if self.index is None or number not in self.missing:
            return False
        chunk = self.index['chunks'][number]
        part = self.partial.get(number)
        size = message['encodedSize']
        fits = size <= chunk['length'] and (part is None or (part.encoding == message['encoding'] and len(part.data) == size))
        if not fits:
            return self._bad_chunk(number, is_broadcast)
        if part is None:
            while self.partial and sum(len(one.data) for one in self.partial.values()) + size > PARTIAL_BYTES_MAX:
                del self.partial[next(iter(self.partial))]
            part = self.partial[number] = Piecewise(size, message['encoding'])
        part.add(message['offset'], message['data'])
        if not part.is_whole():
            return True
        del self.partial[number]
        try:
            plain = decode_chunk(part.encoding, bytes(part.data), chunk['length'], chunk['sha256'])
        except Fault:
            return self._bad_chunk(number, is_broadcast)
        os.pwrite(self.file, plain, chunk['offset'])
        self.missing.discard(number)
        self.bad.pop(number, None)
        self.received += chunk['length']
        self.wire += size
        if is_broadcast:
            self.broadcast += chunk['length']
        self._answered(number)
        return True

    def _answered(self, chunk):
        request = self.asked.pop(chunk, None)
        if request in self.requests:
            self.requests[request].discard(chunk)
            if not self.requests[request]:
                del self.requests[request]
        if not self.requests:
            self.deadline = None

    def _bad_chunk(self, number, is_broadcast):
        self.partial.pop(number, None)
        if is_broadcast:
            return False
        self.bad[number] = self.bad.get(number, 0) + 1
        if self.bad[number] > REFETCH_MAX:
            raise Fault(26, reason='chunk', chunk=number, expected=self.index['chunks'][number]['sha256'])
        self._answered(number)
        self.order.append(number)
        return False

    def _refused(self, refusal, now):
        number = refusal['requestNumber']
        if number not in self.requests:
            return
        is_index = self.index is None
        if refusal['reason'] == 'no-such-chunk' and self.patch is not None:
            self.leave_patch('no-such-patch')
            return
        if refusal['reason'] == 'no-such-chunk':
            raise Fault(24, reason='no-such-chunk', **({'field': 'chunk-index'} if is_index else {'chunk': refusal.get('chunk', min(self.missing))}))
        pause = min(BUSY_MAX_S, refusal['retryAfterMs'] / 1000 or BUSY_S)
        if refusal['reason'] == 'no-right':
            self.no_rights += 1
            if self.no_rights > NO_RIGHT_MAX and self.patch is not None:
                self.leave_patch('no-right')
                return
            if self.no_rights > NO_RIGHT_MAX:
                raise Fault(24, reason='no-right', **({'field': 'chunk-index'} if is_index else {'chunk': min(self.missing)}))
            pause = min(SILENCE_MAX_S, 2.0 ** (self.no_rights - 1))
        self._forget(number)
        self.index_asked = False
        if self.patch is not None:
            self.patch.is_asked = False
        self.resume_at = now + pause
        self.deadline = None

    # ---- the end ----

    def finish(self):
        if self.file is not None:
            os.fsync(self.file)

    def close(self):
        if self.patch is not None:
            self.patch.base.close()
            self.patch = None
        if self.file is not None:
            os.close(self.file)
            self.file = None

    def next_time(self):
        """When `poll` should be called even if nothing comes."""
        times = [one for one in (self.deadline, self.resume_at or None) if one is not None]
        return min(times) if times else None
