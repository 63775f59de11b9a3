"""The form of each message that travels (docs/PROTOCOL.md, sections 4 to 6 and 11): what must be there, within which bounds.

Each function takes bytes and gives the message as a plain dict, as test/vectors spell it, or raises Refused with
the path of the field. A device reads what comes with them, and tries what it sends.
"""

import hashlib
import re

from wire import (DATA_NAME, KIB, MIB, OPERATION_ID, OPERATION_TYPE, RESERVED, SESSION, Refused, camel, is_component,
                  is_version, pb, read)

STEPS = {value.number: value.name[len('STEP_'):].lower().replace('_', '-') for value in pb.Step.DESCRIPTOR.values if value.number}
STEP_NUMBERS = {name: number for number, name in STEPS.items()}
ENCODINGS = {1: 'plain', 2: 'deflate'}
REASONS = {1: 'no-such-chunk', 2: 'no-right', 3: 'busy'}
ACTIONS = {1: 'start', 2: 'end', 3: 'activate', 4: 'abort'}
DEVICE_CODE = re.compile(r'UPD2_OK_18|UPD4_FAIL_(2[1-9]|3[0-9]|4[0-9])')
PACKET_BYTES_DEFAULT, PACKET_BYTES_MAX = 32 * KIB, 256 * KIB
FRAME_BYTES_MAX, BASE_BYTES_MAX, ENCODED_BYTES_MAX = MIB, 4 * MIB, MIB + 4 * KIB
PATCH_BYTES_MAX = 256 * MIB
REASON_BYTES_MAX = 256
ENVELOPE_BYTES_MAX = 64 * KIB


class Fields:
    """One message that was read, asked for its fields one by one."""

    def __init__(self, path, fields):
        self.path = path
        self.fields = fields

    def fail(self, name):
        raise Refused(f'{self.path}.{camel(name)}')

    def get(self, name, fine=lambda value: True, default=None):
        value = self.fields.get(name)
        if value is None:
            return default
        if not fine(value):
            self.fail(name)
        return value

    def need(self, name, fine=lambda value: True):
        value = self.get(name, fine)
        if value is None:
            self.fail(name)
        return value

    def bytes_of(self, name, length):
        return self.need(name, lambda value: len(value) == length).hex()

    def operation(self, name='operation_id'):
        return self.need(name, lambda value: OPERATION_ID.fullmatch(value) is not None)

    def maybe_operation(self, name='operation_id'):
        return self.get(name, lambda value: OPERATION_ID.fullmatch(value) is not None)

    def at_least_one(self, name):
        return self.need(name, lambda value: value >= 1)


def without_none(value):
    return {name: one for name, one in value.items() if one is not None}


def hello(data):
    m = Fields('Hello', read('Hello', data))
    m.need('protocol_version', lambda v: v == 1)
    ids = {'vendorId': m.bytes_of('vendor_id', 16), 'classId': m.bytes_of('class_id', 16), 'bootId': m.bytes_of('boot_id', 16),
           'journalId': m.bytes_of('journal_id', 8)}
    components = []
    reports = m.get('components', lambda v: len(v) <= 32, [])
    for report in reports:
        c = Fields('Hello.components', report)
        components.append({'name': c.need('name', is_component), 'version': c.need('version', is_version), 'digest': c.bytes_of('digest', 32)})
    if len({one['name'] for one in components}) != len(components):
        m.fail('components')
    count = m.need('outbox_event_count')
    last = m.get('outbox_last_event_number') if count == 0 else m.need('outbox_last_event_number', lambda v: v >= count)
    return without_none({
        **ids, 'components': components, 'outboxEventCount': count, 'outboxLastEventNumber': last or 0,
        'packetBytesMax': min(PACKET_BYTES_MAX, m.get('packet_bytes_max', lambda v: v >= KIB, PACKET_BYTES_DEFAULT)),
        'agentVersion': m.get('agent_version', lambda v: 1 <= len(v.encode()) <= 64, 'unknown'),
        'operation': m.maybe_operation(), 'patchMemoryBytes': m.get('patch_memory_bytes'),
        'trustVersion': m.get('trust_version'),
    })


def event(data):
    m = Fields('Event', read('Event', data))
    head = {'journalId': m.bytes_of('journal_id', 8), 'eventNumber': m.at_least_one('event_number'), 'operation': m.maybe_operation(),
            'attempt': m.get('attempt', lambda v: v >= 1), 'deviceTime': m.get('device_time', default=0)}
    if 'code' in m.fields:
        content = {'kind': 'code', 'code': m.need('code', lambda v: DEVICE_CODE.fullmatch(v) is not None)}
    elif 'step' in m.fields:
        content = {'kind': 'step', 'step': STEPS[m.need('step', lambda v: v in STEPS)]}
    else:
        m.fail('content')
    digest = m.get('digest', lambda v: len(v) == 32)
    told = {}
    for entry in m.get('data', lambda v: len(v) <= 32, []):
        e = Fields('Event.data', entry)
        name = e.need('name', lambda v: DATA_NAME.fullmatch(v) is not None and v not in RESERVED and v not in told)
        told[name] = e.get('value', default='')
    return without_none({**head, 'content': content, 'component': m.get('component', is_component), 'version': m.get('version', is_version),
                         'digest': digest.hex() if digest is not None else None, 'data': told})


def progress(data):
    m = Fields('Progress', read('Progress', data))
    step = m.get('step', lambda v: v in STEPS)
    return without_none({
        'operation': m.maybe_operation(), 'attempt': m.get('attempt', lambda v: v >= 1), 'step': STEPS.get(step),
        'imageBytes': m.get('image_bytes', default=0), 'heldBytes': m.get('held_bytes', default=0),
        'receivedBytes': m.get('received_bytes', default=0), 'wireBytes': m.get('wire_bytes', default=0),
        'refusedOperation': m.maybe_operation('refused_operation_id'), 'patchBytes': m.get('patch_bytes'),
        'patchWireBytes': m.get('patch_wire_bytes'), 'broadcastBytes': m.get('broadcast_bytes'),
    })


def chunk_request(data):
    m = Fields('ChunkRequest', read('ChunkRequest', data))
    number, operation, artifact = m.need('request_number'), m.operation(), m.bytes_of('artifact_sha256', 32)
    window = m.at_least_one('window_bytes')
    base = m.get('patch_base_sha256', lambda v: len(v) == 32)
    index = m.get('index', default=False)
    ranges = m.get('ranges', lambda v: len(v) <= 1024, [])
    if (base is not None) + index + (len(ranges) > 0) != 1:
        m.fail('ranges')
    if base is not None:
        wanted = {'kind': 'patch', 'base': base.hex(), 'offset': m.get('patch_offset', default=0)}
    elif index:
        wanted = {'kind': 'index', 'offset': m.get('index_offset', default=0)}
    else:
        each = [Fields('ChunkRequest.ranges', one) for one in ranges]
        wanted = {'kind': 'chunks', 'ranges': [{'first': one.need('first'), 'count': one.at_least_one('count')} for one in each]}
    return {'requestNumber': number, 'operation': operation, 'artifact': artifact, 'windowBytes': window, 'wanted': wanted}


def configuration_report(data):
    m = Fields('ConfigurationReport', read('ConfigurationReport', data))
    head = {'operation': m.operation(), 'attempt': m.at_least_one('attempt'), 'version': m.need('version', lambda v: 1 <= len(v.encode()) <= 64)}
    digest, content = m.bytes_of('sha256', 32), m.need('content', lambda v: len(v) <= 32 * KIB)
    if hashlib.sha256(content).hexdigest() != digest:
        m.fail('sha256')
    return {**head, 'sha256': digest, 'content': content.hex()}


def presence(data):
    m = Fields('Presence', read('Presence', data))
    return {'online': m.need('online'), 'connectionId': m.bytes_of('connection_id', 8)}


def delta_metadata(fields, path='DeltaMetadata'):
    m = Fields(path, fields)
    return {
        'baseSize': m.need('base_size', lambda v: 1 <= v <= 1 << 32),
        'frameBytesMax': m.need('frame_bytes_max', lambda v: 1 <= v <= FRAME_BYTES_MAX),
        'baseBytesMax': m.need('base_bytes_max', lambda v: v <= BASE_BYTES_MAX),
        'encodedBytesMax': m.need('encoded_bytes_max', lambda v: 1 <= v <= ENCODED_BYTES_MAX),
    }


def offer_message(data):
    m = Fields('OfferMessage', read('OfferMessage', data))
    if not m.fields:
        m.fail('content')
    kind, fields = next(iter(m.fields.items()))
    if kind == 'trust':
        return {'kind': kind, 'document': Fields('TrustUpdate', fields).need('document').hex()}
    m = Fields({'offer': 'Offer', 'withdraw': 'Withdraw', 'proceed': 'Proceed', 'join': 'JoinSession'}[kind], fields)
    head = {'kind': kind, 'operation': m.operation(), 'lease': m.at_least_one('lease')}
    if kind == 'withdraw':
        return {**head, 'reason': m.get('reason', lambda v: len(v.encode()) <= REASON_BYTES_MAX, '')}
    head['attempt'] = m.at_least_one('attempt')
    if kind == 'proceed':
        return head
    if kind == 'join':
        return {**head, 'session': m.need('session', lambda v: SESSION.fullmatch(v) is not None)}
    envelope = m.need('envelope')
    time, patch = m.get('time'), m.get('patch')
    if patch is not None:
        p = Fields('PatchTransport', patch)
        patch = {'base': p.bytes_of('base_sha256', 32), 'patchBytes': p.need('patch_size', lambda v: 1 <= v <= PATCH_BYTES_MAX),
                 'metadata': delta_metadata(p.need('metadata'))}
    return without_none({
        **head, 'envelope': envelope.hex(),
        'operationType': m.get('operation_type', lambda v: OPERATION_TYPE.fullmatch(v) is not None, 'firmware-update'),
        'installHold': m.get('install_hold', default=False), 'logWanted': m.get('log_wanted', default=False), 'patch': patch,
        'time': time and time.hex(),
    })


def piece(fields, path):
    """A ChunkPiece; its `data` stays bytes."""
    m = Fields(path, fields)
    chunk = m.get('chunk')
    size = m.need('encoded_size', lambda v: 1 <= v <= (PATCH_BYTES_MAX if chunk is None else MIB))
    encoding = ENCODINGS[m.need('encoding', lambda v: v in ENCODINGS)]
    offset = m.get('offset', default=0)
    return without_none({'kind': 'piece', 'chunk': chunk, 'encoding': encoding, 'encodedSize': size, 'offset': offset,
                         'data': m.need('data', lambda v: 1 <= len(v) <= size - offset)})


def chunk_data(data):
    m = Fields('ChunkData', read('ChunkData', data))
    number = m.need('request_number')
    if 'piece' in m.fields:
        return {**piece(m.fields['piece'], 'ChunkData.piece'), 'requestNumber': number}
    r = Fields('ChunkData', m.need('refusal') if 'refusal' in m.fields else m.fail('piece'))
    return without_none({'kind': 'refusal', 'requestNumber': number, 'reason': REASONS[r.need('reason', lambda v: v in REASONS)],
                         'chunk': r.get('chunk'), 'retryAfterMs': r.get('retry_after_ms', default=0)})


def session_control(data):
    m = Fields('SessionControl', read('SessionControl', data))
    word = {'artifact': m.bytes_of('artifact_sha256', 32), 'action': ACTIONS[m.need('action', lambda v: v in ACTIONS)]}
    if word['action'] == 'abort':
        word['reason'] = m.need('reason', lambda v: 1 <= len(v.encode()) <= REASON_BYTES_MAX)
    elif 'reason' in m.fields:
        m.fail('reason')
    return word


def session_data(data):
    m = Fields('SessionData', read('SessionData', data))
    one = piece(m.need('piece'), 'SessionData.piece')
    if 'chunk' not in one:
        raise Refused('SessionData.piece.chunk')
    return one


READERS = {'Hello': hello, 'Event': event, 'Progress': progress, 'ChunkRequest': chunk_request, 'ConfigurationReport': configuration_report,
           'Presence': presence, 'OfferMessage': offer_message, 'ChunkData': chunk_data}
