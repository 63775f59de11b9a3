"""What a device believes: signed envelopes, the trust document, manifests and commands (docs/PROTOCOL.md, sections 7 to 9).

Pure judgement: bytes and what the device is go in, a dict or a Fault comes out.
"""

import base64
import hashlib
import json

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from messages import ENVELOPE_BYTES_MAX, delta_metadata, without_none
from wire import KIB, MIB, OPERATION_ID, OPERATION_TYPE, Refused, camel, is_component, is_version, read, version_key

SCHEMA_VERSION = 1
SIGNATURES_MAX = 8
TIMESTAMP, TIME_BYTES_MAX = 'timestamp', 512
IMAGE_BYTES_MAX = 1 << 32
INDEX_BYTES_MAX = 8 * MIB
DESCRIPTOR_BYTES_MAX = 64 * KIB
URI_BYTES_MAX, VENDOR_DATA_BYTES_MAX = 255, 1024
ARGUMENTS_BYTES_MAX, ARGUMENTS_LEVELS_MAX = 48 * KIB, 32
FORMATS = {1: 'raw', 2: 'delta-zstd', 3: 'combined'}
ED25519, P256 = 'ed25519', 'ecdsa-p256-sha256'
ALGORITHMS = {1: ED25519, 2: P256}
SMALL_ORDER = {
    (0).to_bytes(32, 'little'), (1).to_bytes(32, 'little'),
    *(bytes([low]) + b'\xff' * 30 + b'\x7f' for low in (0xEC, 0xED, 0xEE)),
    bytes.fromhex('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05'),
    bytes.fromhex('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a'),
}


class Fault(Exception):
    """Why something is refused: the number of the code, and what stands in the data of the event."""

    def __init__(self, code, **data):
        super().__init__(f'{code} {data}')
        self.code = code if isinstance(code, str) else f'UPD4_FAIL_{code}'
        self.data = {name: str(value) for name, value in data.items()}


class TrustError(Fault):
    """A trust document that cannot be held; `error` is the word of test/vectors."""

    def __init__(self, code, error, **data):
        super().__init__(code, **data)
        self.error = error


# ---- keys and signatures ------------------------------------------------------------------------


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b'=').decode()


class Key:
    """A public key that can verify: its thumbprint, algorithm and the library's object."""

    def __init__(self, der):
        try:
            key = serialization.load_der_public_key(der)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise TrustError(43, 'KEY_UNUSABLE', reason='key-does-not-parse') from None
        if isinstance(key, ed25519.Ed25519PublicKey):
            raw = key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
            if raw[:31] + bytes([raw[31] & 0x7F]) in SMALL_ORDER:
                raise TrustError(43, 'KEY_UNUSABLE', reason='small-order')
            self.algorithm = ED25519
            jwk = f'{{"crv":"Ed25519","kty":"OKP","x":"{base64url(raw)}"}}'
        elif isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
            point = key.public_numbers()
            x, y = (base64url(number.to_bytes(32, 'big')) for number in (point.x, point.y))
            self.algorithm = P256
            jwk = f'{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}'
        else:
            raise TrustError(43, 'KEY_UNUSABLE', reason='key-type')
        self.id = base64url(hashlib.sha256(jwk.encode()).digest())
        self.key = key

    def verifies(self, signature, message):
        if len(signature) != 64:
            return False
        try:
            if self.algorithm == ED25519:
                self.key.verify(signature, message)
            else:
                r, s = int.from_bytes(signature[:32], 'big'), int.from_bytes(signature[32:], 'big')
                self.key.verify(encode_dss_signature(r, s), message, ec.ECDSA(hashes.SHA256()))
        except (InvalidSignature, ValueError):
            return False
        return True


def signed_bytes(payload_type, schema_version, payload):
    return (b'drover-v1\0' + payload_type.encode() + b'\0' + schema_version.to_bytes(4, 'little')
            + len(payload).to_bytes(4, 'little') + payload)


def open_envelope(data):
    """Rows 1 to 3: the payload and the signatures of an envelope, nothing verified yet."""
    if len(data) > ENVELOPE_BYTES_MAX:
        raise Fault(22, field='envelope', expected=f'at most {ENVELOPE_BYTES_MAX} bytes', actual=len(data))
    try:
        fields = read('SignedEnvelope', data)
    except Refused as refused:
        raise Fault(22, field=refused.path, reason='malformed') from None
    version, signatures = fields.get('schema_version'), fields.get('signatures', [])
    if version is None:
        raise Fault(22, field='schemaVersion', reason='absent')
    if len(signatures) > SIGNATURES_MAX:
        raise Fault(22, field='signatures', expected=f'at most {SIGNATURES_MAX}', actual=len(signatures))
    if version != SCHEMA_VERSION:
        raise Fault(28, field='schemaVersion', expected=SCHEMA_VERSION, actual=version)
    payload = fields.get('payload')
    if not payload:
        raise Fault(22, field='payload', reason='absent')
    if any('key_id' not in one or 'signature' not in one for one in signatures):
        raise Fault(22, field='signatures', reason='absent')
    return payload, signatures


def judge_signatures(keys, role, signatures, message):
    """Row 7: None, or the reason of UPD4_FAIL_23. `role` is {keyIds, threshold}."""
    if not signatures:
        return 'unsigned'
    of_role = [one for one in signatures if one['key_id'] in role['keyIds']]
    if not of_role:
        return 'unknown-key'
    good = {one['key_id'] for one in of_role if keys[one['key_id']].verifies(one['signature'], message)}
    if not good:
        return 'bad-signature'
    return None if len(good) >= role['threshold'] else 'threshold'


# ---- the trust document -------------------------------------------------------------------------


class Trust:
    """A trust document that this device holds."""

    def __init__(self, document, keys):
        self.version, self.expires_at = document['version'], document['expires_at']
        self.release_epoch = document.get('release_epoch', 0)
        self.keys = keys
        self.roles = {one['name']: {'name': one['name'], 'keyIds': one.get('key_ids', []), 'threshold': one['threshold']}
                      for one in document['roles']}
        self.types = {one['operation_type']: one['role'] for one in document.get('operation_types', [])}


def read_trust(data, now):
    """The Trust in a signed trust document, or a TrustError."""
    try:
        payload, signatures = open_envelope(data)
        document = read('TrustDocument', payload)
    except Refused as refused:
        raise TrustError(44, 'MALFORMED', field=refused.path) from None
    except Fault as fault:
        raise TrustError(44, 'SCHEMA_VERSION' if fault.code.endswith('28') else 'MALFORMED', **fault.data) from None
    _judge_form(document)
    keys = {}
    for entry in document.get('keys', []):
        key = Key(entry['public_key'])
        if key.id != entry['key_id'] or key.algorithm != ALGORITHMS.get(entry['algorithm']):
            raise TrustError(43, 'KEY_UNUSABLE', reason='key-id-or-algorithm')
        keys[key.id] = key
    trust = Trust(document, keys)
    reason = judge_signatures(keys, trust.roles['root'], signatures, signed_bytes('trust', SCHEMA_VERSION, payload))
    if reason is None and now >= trust.expires_at:
        reason = 'expired'
    if reason is not None:
        raise TrustError(44, 'NOT_TRUSTED', reason=reason)
    return trust


def _judge_form(document):
    def must(fine, field):
        if not fine:
            raise TrustError(44, 'MALFORMED', field=field)

    def once(values):
        return len(values) == len(set(values))

    must(document.get('version', 0) >= 1, 'version')
    must('expires_at' in document, 'expiresAt')
    keys, roles, types = document.get('keys', []), document.get('roles', []), document.get('operation_types', [])
    must(len(keys) <= 64 and all(len(one) == 3 for one in keys), 'keys')
    ids = [one['key_id'] for one in keys]
    must(once(ids), 'keys')
    must(len(roles) <= 32 and all(one.get('name') and 'threshold' in one for one in roles), 'roles')
    names = [one['name'] for one in roles]
    must(once(names) and 'root' in names, 'roles')
    for role in roles:
        members = role.get('key_ids', [])
        must(once(members) and all(one in ids for one in members), 'roles.keyIds')
        must(1 <= role['threshold'] <= len(members), 'roles.threshold')
    must(all(one.get('operation_type') and one.get('role') in names for one in types), 'operationTypes')
    must(once([one['operation_type'] for one in types]), 'operationTypes')
    # Whoever tells the time may do nothing else.
    online = {one for role in roles if role['name'] == TIMESTAMP for one in role.get('key_ids', [])}
    must(not any(online & set(role.get('key_ids', [])) for role in roles if role['name'] != TIMESTAMP), 'roles')
    must(all(one['role'] != TIMESTAMP for one in types), 'operationTypes')


def read_successor(data, current):
    """The Trust that follows `current` (section 8, Documents over the wire), or a TrustError."""
    following = read_trust(data, 0)
    if following.version <= current.version:
        raise TrustError(44, 'NOT_TRUSTED', reason='not-newer')
    if following.version != current.version + 1:
        raise TrustError(44, 'NOT_TRUSTED', reason='version-gap')
    payload, signatures = open_envelope(data)
    if judge_signatures(current.keys, current.roles['root'], signatures, signed_bytes('trust', SCHEMA_VERSION, payload)):
        raise TrustError(44, 'NOT_TRUSTED', reason='previous-root')
    if following.release_epoch < current.release_epoch:
        raise TrustError(44, 'NOT_TRUSTED', reason='epoch-falls')
    return following


def read_time(data, trust):
    """What the role `timestamp` of the document says of the time, or a Fault."""
    if len(data) > TIME_BYTES_MAX:
        raise Fault(23, reason='stale')
    payload, signatures = open_envelope(data)
    reason = judge_signatures(trust.keys, trust.roles[TIMESTAMP], signatures, signed_bytes('time', SCHEMA_VERSION, payload))
    if reason is not None:
        raise Fault(23, reason=reason)
    time = read('FleetTime', payload)
    if not time.get('expires_at', 0) > time.get('issued_at', time.get('expires_at', 0)):
        raise Fault(23, reason='time')
    return {'issuedAt': time['issued_at'], 'expiresAt': time['expires_at'], 'trustVersion': time.get('trust_version', 0)}


# ---- manifests and commands ---------------------------------------------------------------------


def verified_payload(data, payload_type, operation_type, device):
    """Rows 1 to 7. `device` is {now, trust}: trust a Trust, None, or the TrustError it was refused with."""
    payload, signatures = open_envelope(data)
    trust = device['trust']
    if trust is None:
        raise Fault(44, field='trust', reason='absent')
    if isinstance(trust, TrustError):
        raise Fault(trust.code, field='trust', **trust.data)
    if device['now'] >= trust.expires_at:
        raise Fault(23, reason='trust-expired', expected=f'before {trust.expires_at}', actual=device['now'])
    role = trust.types.get(operation_type)
    if role is None:
        raise Fault(23, reason='no-role')
    reason = judge_signatures(trust.keys, trust.roles[role], signatures, signed_bytes(payload_type, SCHEMA_VERSION, payload))
    if reason is not None:
        raise Fault(23, reason=reason)
    return payload


def _decode(name, payload):
    try:
        return read(name, payload)
    except Refused as refused:
        raise Fault(22, field=refused.path, reason='malformed') from None


class Judged:
    """The fields of a signed statement, judged one by one; the order of the calls is the order of the rows."""

    def __init__(self, fields, now):
        self.fields = fields
        self.now = now

    def need(self, name, path=None):
        if name not in self.fields:
            raise Fault(22, field=path or camel(name), reason='absent')
        return self.fields[name]

    def between(self, name, least, most):
        value = self.need(name)
        if not least <= value <= most:
            raise Fault(22, field=camel(name), expected=f'{least} to {most}', actual=value)
        return value

    def expiry(self):
        value = self.need('expires_at')
        if self.now >= value:
            raise Fault(23, field='expiresAt', reason='expired', expected=f'after {self.now}', actual=value)
        return value

    def own_id(self, name, code, own):
        value = self.fields.get(name)
        if value is not None and (len(value) != 16 or value.hex() != own):
            raise Fault(code, field=camel(name), expected=own, actual=value.hex())
        return None if value is None else value.hex()

    def own_device(self, own):
        value = self.fields.get('device_id')
        if value is not None and value != own:
            raise Fault(31, field='deviceId', reason='device', expected=own, actual=value)
        return value

    def digest(self, name):
        value = self.fields.get(name)
        if value is not None and len(value) != 32:
            raise Fault(43, field=camel(name), expected='32 bytes', actual=f'{len(value)} bytes')
        return None if value is None else value.hex()


def component_name(value, field):
    if not is_component(value):
        raise Fault(22, field=field, expected='a component name', actual=value[:64])
    return value


def version_text(value, field='version'):
    if is_version(value):
        return value
    parts = value.split('.')
    if len(value.encode()) <= 11 and len(parts) == 3 and all(part.isascii() and part.isdigit() for part in parts):
        raise Fault(41, field=field, expected='numbers up to 999', actual=value)
    raise Fault(22, field=field, expected='three dotted numbers', actual=value[:64])


def judge_manifest(data, device):
    """Rows 1 to 28. `device`: {now, trust, vendorId, classId, deviceId, formats}."""
    payload = verified_payload(data, 'manifest', 'firmware-update', device)
    m = Judged(_decode('Manifest', payload), device['now'])
    out = {'expiresAt': m.expiry()}
    m.need('vendor_id')
    out['vendorId'] = m.own_id('vendor_id', 30, device['vendorId'])
    m.need('class_id')
    out['classId'] = m.own_id('class_id', 31, device['classId'])
    out['deviceId'] = m.own_device(device['deviceId'])
    out['priority'] = m.need('priority')
    out['component'] = component_name(m.need('component'), 'component')
    out['version'] = version_text(m.need('version'))
    out['releaseCounter'] = m.need('release_counter')
    out['payloadSize'] = m.between('payload_size', 1, IMAGE_BYTES_MAX)
    m.need('payload_sha256')
    out['payloadSha256'] = m.digest('payload_sha256')
    out['installedSize'] = m.between('installed_size', 1, IMAGE_BYTES_MAX)
    m.need('installed_sha256')
    out['installedSha256'] = m.digest('installed_sha256')
    out['precursorSha256'] = m.digest('precursor_sha256')
    out['chunkIndexSize'] = m.between('chunk_index_size', 1, INDEX_BYTES_MAX)
    m.need('chunk_index_sha256')
    out['chunkIndexSha256'] = m.digest('chunk_index_sha256')
    out['needsReboot'] = m.need('needs_reboot')
    wanted = m.fields.get('prerequisites', [])
    if len(wanted) > 32:
        raise Fault(22, field='prerequisites', expected='at most 32', actual=len(wanted))
    out['prerequisites'] = []
    for one in wanted:
        p = Judged(one, m.now)
        name = component_name(p.need('component', 'prerequisites.component'), 'prerequisites.component')
        out['prerequisites'].append({'component': name, 'versionLeast': version_text(p.need('version_least', 'prerequisites.versionLeast'))})
    out['uri'] = m.need('uri')
    if len(out['uri'].encode()) > URI_BYTES_MAX:
        raise Fault(21, field='uri', expected=f'at most {URI_BYTES_MAX} bytes', actual=len(out['uri'].encode()))
    if out['uri'] != 'mqtt:':
        raise Fault(21, field='uri', reason='not-allowed', expected='mqtt:', actual=out['uri'])
    out['format'] = FORMATS.get(m.need('format'))
    if out['format'] not in device['formats']:
        raise Fault(25, field='format', expected=', '.join(device['formats']), actual=m.fields['format'])
    metadata = m.fields.get('metadata')
    if out['format'] != 'raw':
        if not metadata:
            raise Fault(22, field='metadata', reason='absent')
        read_metadata(out['format'], metadata)
    out['metadata'] = None if metadata is None else metadata.hex()
    if out['format'] == 'delta-zstd':
        m.need('precursor_sha256')
    elif out['installedSize'] != out['payloadSize'] or out['installedSha256'] != out['payloadSha256']:
        raise Fault(22, field='installedSha256', reason='contradicts the payload')
    vendor_data = m.fields.get('vendor_data', b'')
    if len(vendor_data) > VENDOR_DATA_BYTES_MAX:
        raise Fault(29, field='vendorData', expected=f'at most {VENDOR_DATA_BYTES_MAX} bytes', actual=len(vendor_data))
    out['vendorData'] = vendor_data.hex()
    return without_none(out)


def read_metadata(kind, metadata):
    if kind == 'delta-zstd':
        try:
            return delta_metadata(_decode('DeltaMetadata', metadata))
        except Refused as refused:
            raise Fault(22, field=refused.path, reason='malformed') from None
    size = _decode('PackageMetadata', metadata).get('descriptor_size', 0)
    if not 1 <= size <= DESCRIPTOR_BYTES_MAX:
        raise Fault(22, field='PackageMetadata.descriptorSize', reason='malformed')
    return {'descriptorSize': size}


def judge_state(manifest, components):
    """Rows 29 to 34. `components`: by name {version, digest, formats, committed: {counter, digest} or None}."""
    own = components.get(manifest['component'])
    if own is None:
        raise Fault(39, field='component', expected=', '.join(components), actual=manifest['component'])
    if version_key(manifest['version']) <= version_key(own['version']):
        raise Fault(27, field='version', reason='not-newer', expected=f'above {own["version"]}', actual=manifest['version'])
    committed = own.get('committed')
    if committed is not None:
        counter, last = manifest['releaseCounter'], committed['counter']
        if counter < last or (counter == last and manifest['installedSha256'] != committed['digest']):
            raise Fault(27, field='releaseCounter', reason='replayed', expected=f'at least {last}', actual=counter)
    if manifest['format'] not in own['formats']:
        raise Fault(25, field='format', reason='component', expected=', '.join(own['formats']), actual=manifest['format'])
    if manifest['format'] == 'delta-zstd' and manifest['precursorSha256'] != own['digest']:
        raise Fault(32, field='precursorSha256', expected=manifest['precursorSha256'], actual=own['digest'])
    for one in manifest['prerequisites']:
        there = components.get(one['component'])
        if there is None or version_key(there['version']) < version_key(one['versionLeast']):
            raise Fault(41, field=f'prerequisites.{one["component"]}', reason='prerequisite', expected=one['versionLeast'],
                        actual=there['version'] if there else 'absent')


def judge_command(data, operation, operation_type, device):
    """Rows 1 to 15 of a command. `device`: {now, trust, vendorId, classId, deviceId}."""
    payload = verified_payload(data, 'command', operation_type, device)
    c = Judged(_decode('Command', payload), device['now'])
    kind = c.need('operation_type')
    if OPERATION_TYPE.fullmatch(kind) is None:
        raise Fault(22, field='operationType', expected='an operation type', actual=kind[:64])
    if kind != operation_type:
        raise Fault(23, field='operationType', reason='operation-type', expected=operation_type, actual=kind)
    expires_at = c.expiry()
    ids = {'vendorId': c.own_id('vendor_id', 30, device['vendorId']), 'classId': c.own_id('class_id', 31, device['classId']),
           'deviceId': c.own_device(device['deviceId'])}
    meant = c.need('operation_id')
    if OPERATION_ID.fullmatch(meant) is None:
        raise Fault(22, field='operationId', expected='an operation id', actual=meant[:64])
    if meant != operation:
        raise Fault(31, field='operationId', reason='operation', expected=operation, actual=meant)
    arguments = read_arguments(c.need('arguments'))
    return without_none({'operationType': kind, 'operation': meant, **ids, 'expiresAt': expires_at, 'arguments': arguments})


def levels(value):
    """How many objects and lists stand within one another."""
    deepest, open_values = 0, [(value, 1)]
    while open_values:
        one, depth = open_values.pop()
        if isinstance(one, (dict, list)):
            deepest = max(deepest, depth)
            open_values.extend((each, depth + 1) for each in (one.values() if isinstance(one, dict) else one))
    return deepest


def no_constant(text):
    raise ValueError(f'{text} is no JSON')


def read_arguments(data):
    try:
        if len(data) > ARGUMENTS_BYTES_MAX or data.startswith(b'\xef\xbb\xbf'):
            raise ValueError('length or byte order mark')
        value = json.loads(data.decode('utf-8'), parse_constant=no_constant)
        if not isinstance(value, dict) or levels(value) > ARGUMENTS_LEVELS_MAX:
            raise ValueError('no object, or too deep')
        return value
    except (ValueError, RecursionError):
        raise Fault(22, field='arguments', reason='malformed') from None
