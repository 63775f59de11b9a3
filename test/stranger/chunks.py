"""Chunks of an image: the index, cutting, one chunk as it travels, and the heads of patches and packages (sections 9 to 11)."""

import hashlib
import zlib

from messages import Fields
from trust import Fault
from wire import MIB, Refused, is_component, is_version, read

PATCH_MAGIC, PACKAGE_MAGIC = b'DROVERP1', b'DROVERK1'
FRAME_HEAD = 20


def parse_index(data, sha256, payload_size):
    """A chunk index: {minimumBytes, averageBytes, maximumBytes, imageSize, chunks: [{offset, length, sha256}]}, or a Fault (26, 22)."""
    actual = hashlib.sha256(data).hexdigest()
    if actual != sha256:
        raise Fault(26, reason='chunk-index', expected=sha256, actual=actual)
    try:
        return _index(Fields('ChunkIndex', read('ChunkIndex', data)), payload_size)
    except Refused as refused:
        raise Fault(22, field=refused.path, reason='malformed') from None


def _index(m, payload_size):
    least = m.need('minimum_bytes', lambda v: v >= 256)
    average = m.need('average_bytes', lambda v: v >= least and v & (v - 1) == 0)
    most = m.need('maximum_bytes', lambda v: average <= v <= MIB)
    m.need('image_size', lambda v: v == payload_size)
    packed = m.need('lengths', lambda v: len(v) > 0 and len(v) % 4 == 0)
    count = len(packed) // 4
    digests = m.need('digests', lambda v: len(v) == 32 * count)
    chunks, offset = [], 0
    for number in range(count):
        length = int.from_bytes(packed[4 * number:4 * number + 4], 'little')
        if not 1 <= length <= most:
            m.fail('lengths')
        chunks.append({'offset': offset, 'length': length, 'sha256': digests[32 * number:32 * number + 32].hex()})
        offset += length
    if offset != payload_size:
        m.fail('lengths')
    return {'minimumBytes': least, 'averageBytes': average, 'maximumBytes': most, 'imageSize': payload_size, 'chunks': chunks}


def is_right(data, chunk):
    """True when these are the bytes the index names."""
    return len(data) == chunk['length'] and hashlib.sha256(data).hexdigest() == chunk['sha256']


def decode_chunk(encoding, data, length, sha256):
    """The plain bytes of a whole chunk, or a Fault (26). Never inflates past `length`."""
    plain = data
    if encoding == 'deflate':
        inflater = zlib.decompressobj(-15)
        try:
            plain = inflater.decompress(data, length + 1)
        except zlib.error:
            plain = b''
        if not inflater.eof or inflater.unused_data:
            plain = b''
    if len(plain) != length or hashlib.sha256(plain).hexdigest() != sha256:
        raise Fault(26, reason='chunk', expected=sha256)
    return plain


GEAR = [int.from_bytes(hashlib.sha256(f'drover-gear-{i}'.encode()).digest()[:4], 'little') for i in range(256)]


def cut(data, minimum, average, maximum):
    """The lengths of the chunks of an image."""
    bits, word, gear = average.bit_length() - 1, 0xFFFFFFFF, GEAR
    strict, loose = (word << (32 - bits - 2)) & word, (word << (32 - bits + 2)) & word
    lengths, start, size = [], 0, len(data)
    while start < size:
        end = size
        if size - start > minimum:
            end = min(start + maximum, size)
            value, here, is_cut = 0, start + minimum, False
            for until, mask in ((min(start + average, end), strict), (end, loose)):
                for byte in data[here:until]:
                    value = ((value << 1) + gear[byte]) & word
                    here += 1
                    if not value & mask:
                        is_cut = True
                        break
                if is_cut:
                    end = here
                    break
        lengths.append(end - start)
        start = end
    return lengths


def parse_patch(data, metadata, installed_size):
    """The frames of a patch, or a Fault (42)."""
    def bad(reason):
        raise Fault(42, reason=reason)

    if not PATCH_MAGIC.startswith(data[:8]):
        bad('magic')
    frames, at, made = [], 8, 0
    while made < installed_size:
        if at + FRAME_HEAD > len(data):
            bad('truncated')
        output, base_offset, base, encoded = (int.from_bytes(data[at + a:at + b], 'little') for a, b in ((0, 4), (4, 12), (12, 16), (16, 20)))
        if not 1 <= output <= metadata['frameBytesMax'] or base > metadata['baseBytesMax'] or not 1 <= encoded <= metadata['encodedBytesMax']:
            bad('limits')
        if base_offset + base > metadata['baseSize']:
            bad('base-range')
        if made + output > installed_size:
            bad('output-size')
        at += FRAME_HEAD
        if at + encoded > len(data):
            bad('truncated')
        frames.append({'outputOffset': made, 'outputBytes': output, 'baseOffset': base_offset, 'baseBytes': base, 'encodedBytes': encoded,
                       'encodedSha256': hashlib.sha256(data[at:at + encoded]).hexdigest()})
        at += encoded
        made += output
    if at < len(data):
        bad('trailing')
    return frames


def parse_package(head, descriptor_size, package_size):
    """The images of a package by its head, or a Fault (46 to 49)."""
    def bad(code, field):
        raise Fault(code, field=field)

    if head[:8] != PACKAGE_MAGIC:
        bad(46, 'magic')
    if len(head) < 12 + descriptor_size or int.from_bytes(head[8:12], 'little') != descriptor_size:
        bad(46, 'descriptorSize')
    try:
        fields = read('PackageDescriptor', head[12:12 + descriptor_size])
    except Refused:
        bad(46, 'PackageDescriptor')
    images = fields.get('images', [])
    if 'image_count' not in fields:
        bad(46, 'imageCount')
    for number, one in enumerate(images):
        where = f'images.{number}.'
        name = one.get('component')
        # A name that is only too long has a code of its own, which comes later.
        if name is None or not is_component(name[:32]) or not set(name[32:]) <= set(NAME_CHARACTERS):
            bad(46, where + 'component')
        if not is_version(one.get('version', '')):
            bad(46, where + 'version')
        if one.get('size', 0) < 1:
            bad(46, where + 'size')
        if len(one.get('sha256', b'')) != 32:
            bad(46, where + 'sha256')
    if 12 + descriptor_size + sum(one['size'] for one in images) != package_size:
        bad(46, 'images.size')
    if fields['image_count'] != len(images) or not 1 <= len(images) <= 8:
        bad(47, 'imageCount')
    for number, one in enumerate(images):
        if len(one['component'].encode()) > 32:
            bad(48, f'images.{number}.component')
    for number, one in enumerate(images):
        if len(one.get('vendor_data', b'')) > 256:
            bad(49, f'images.{number}.vendorData')
    out, offset = [], 12 + descriptor_size
    for one in images:
        out.append({'component': one['component'], 'version': one['version'], 'sizeBytes': one['size'], 'sha256': one['sha256'].hex(),
                    'vendorData': one.get('vendor_data', b'').hex(), 'offset': offset})
        offset += one['size']
    return out


NAME_CHARACTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-'
