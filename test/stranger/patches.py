"""Patches: frames of zstd over ranges of the installed image (section 9, Payload formats; section 11, Patches). Needs the library libzstd."""

import ctypes
import ctypes.util

from chunks import FRAME_HEAD, PATCH_MAGIC
from trust import Fault
from wire import MIB

ZSTD_MAGIC, DICTIONARY_MAGIC = bytes.fromhex('28b52ffd'), bytes.fromhex('37a430ec')
WINDOW_BYTES_MAX = 8 * MIB


class Zstd:
    """Decodes one frame with a prefix as raw content; None from `load` where there is no library."""

    @classmethod
    def load(cls):
        for name in ('libzstd.so.1', ctypes.util.find_library('zstd')):
            try:
                if name:
                    return cls(ctypes.CDLL(name))
            except OSError:
                continue
        return None

    def __init__(self, library):
        self.library = library
        sizes = {'ZSTD_getFrameContentSize': ctypes.c_ulonglong, 'ZSTD_findFrameCompressedSize': ctypes.c_size_t,
                 'ZSTD_decompressDCtx': ctypes.c_size_t, 'ZSTD_DCtx_refPrefix': ctypes.c_size_t, 'ZSTD_createDCtx': ctypes.c_void_p,
                 'ZSTD_getDictID_fromFrame': ctypes.c_uint, 'ZSTD_freeDCtx': ctypes.c_size_t, 'ZSTD_isError': ctypes.c_uint}
        for name, kind in sizes.items():
            getattr(library, name).restype = kind
        library.ZSTD_decompressDCtx.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t]
        library.ZSTD_DCtx_refPrefix.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t]
        library.ZSTD_freeDCtx.argtypes = [ctypes.c_void_p]
        for name in ('ZSTD_getFrameContentSize', 'ZSTD_findFrameCompressedSize', 'ZSTD_getDictID_fromFrame'):
            getattr(library, name).argtypes = [ctypes.c_char_p, ctypes.c_size_t]
        library.ZSTD_isError.argtypes = [ctypes.c_size_t]

    def decode(self, frame, prefix, size):
        """Exactly `size` bytes, or None. The head is looked at first: a few bytes can ask for gigabytes."""
        z = self.library
        is_plain = (frame[:4] == ZSTD_MAGIC and not prefix.startswith(DICTIONARY_MAGIC) and window_of(frame, size) <= WINDOW_BYTES_MAX
                    and z.ZSTD_getFrameContentSize(frame, len(frame)) == size and z.ZSTD_getDictID_fromFrame(frame, len(frame)) == 0
                    and z.ZSTD_findFrameCompressedSize(frame, len(frame)) == len(frame))
        if not is_plain:
            return None
        context, out = z.ZSTD_createDCtx(), ctypes.create_string_buffer(size)
        try:
            z.ZSTD_DCtx_refPrefix(context, prefix, len(prefix))
            made = z.ZSTD_decompressDCtx(context, out, size, frame, len(frame))
            return out.raw if made == size and not z.ZSTD_isError(made) else None
        finally:
            z.ZSTD_freeDCtx(context)


def window_of(frame, content_size):
    """The window a frame asks for: said in its head, or the content in a single segment."""
    if len(frame) < 6:
        return WINDOW_BYTES_MAX + 1
    if frame[4] & 0x20:
        return content_size
    base = 1 << (10 + (frame[5] >> 3))
    return base + (base >> 3) * (frame[5] & 7)


class PatchReader:
    """Takes the bytes of a patch as they come, gives whole frames; Faults are UPD4_FAIL_42."""

    def __init__(self, metadata, installed_size, base_size):
        self.metadata, self.installed_size = metadata, installed_size
        self.buffer = bytearray()
        self.made = 0
        self.is_begun = False
        if metadata['baseSize'] > base_size:
            raise Fault(42, reason='base-range', expected=metadata['baseSize'], actual=base_size)

    def add(self, data):
        self.buffer += data
        if not self.is_begun:
            if not PATCH_MAGIC.startswith(bytes(self.buffer[:8])):
                raise Fault(42, reason='magic')
            if len(self.buffer) >= 8:
                self.is_begun = True
                del self.buffer[:8]

    def frame(self):
        """The next frame {output, offset, base, encoded}, or None when more bytes are needed."""
        if self.made == self.installed_size:
            if self.buffer:
                raise Fault(42, reason='trailing')
            return None
        if not self.is_begun or len(self.buffer) < FRAME_HEAD:
            return None
        output, offset, base, size = (int.from_bytes(self.buffer[a:b], 'little') for a, b in ((0, 4), (4, 12), (12, 16), (16, 20)))
        m = self.metadata
        if not 1 <= output <= m['frameBytesMax'] or base > m['baseBytesMax'] or not 1 <= size <= m['encodedBytesMax']:
            raise Fault(42, reason='limits')
        if offset + base > m['baseSize']:
            raise Fault(42, reason='base-range')
        if self.made + output > self.installed_size:
            raise Fault(42, reason='output-size')
        if len(self.buffer) < FRAME_HEAD + size:
            return None
        encoded = bytes(self.buffer[FRAME_HEAD:FRAME_HEAD + size])
        del self.buffer[:FRAME_HEAD + size]
        self.made += output
        return {'output': output, 'at': self.made - output, 'offset': offset, 'base': base, 'encoded': encoded}

    def end(self):
        """No more bytes come."""
        if self.made < self.installed_size:
            raise Fault(42, reason='truncated')


def decode_frame(zstd, frame, base):
    """The output of a frame; `base` is the open installed image."""
    base.seek(frame['offset'])
    prefix = base.read(frame['base'])
    out = zstd.decode(frame['encoded'], prefix, frame['output']) if len(prefix) == frame['base'] else None
    if out is None:
        raise Fault(42, reason='frame', actual=frame['at'])
    return out


def memory_of(metadata):
    return 2 * (metadata['frameBytesMax'] + metadata['baseBytesMax'] + metadata['encodedBytesMax'])


def apply_patch(zstd, patch_path, base_path, base_size, metadata, installed_size, out_path, sync):
    """Makes the image of a delta payload; Faults are UPD4_FAIL_42."""
    reader = PatchReader(metadata, installed_size, base_size)
    with open(patch_path, 'rb') as patch, open(base_path, 'rb') as base, open(out_path, 'wb') as out:
        for block in iter(lambda: patch.read(256 * 1024), b''):
            reader.add(block)
            while (frame := reader.frame()) is not None:
                out.write(decode_frame(zstd, frame, base))
        reader.frame()
        reader.end()
        out.flush()
        sync(out.fileno())
