"""Tries every golden case of test/vectors on the modules of this device: `vectors.py [FOLDER]`, exit code 1 with a failed case."""

import base64
import hashlib
import json
import os
import sys
import zlib

sys.dont_write_bytecode = True

from chunks import cut, decode_chunk, parse_index, parse_package, parse_patch
from messages import READERS as DEVICE_READERS, session_control, session_data
from trust import Fault, Key, TrustError, judge_command, judge_manifest, judge_state, read_metadata, read_successor, read_time, read_trust
from wire import HERE, OPERATION_ID, Refused, read, write


def image_of(seed, length):
    data = b''.join(hashlib.sha256(f'{seed} {i}'.encode()).digest() for i in range((length + 31) // 32))
    return data[:length]


def bytes_of(case):
    data, run = base64.b64decode(case.get('bytes', '')), case.get('repeat')
    return data if run is None else data[:run['at']] + bytes([run['byte']]) * run['count'] + data[run['at']:]


def refusal(fault, names):
    return {'code': fault.code, **{name: fault.data[name] for name in names if name in fault.data}}


def keys_case(case, _file, _keys):
    key = Key(base64.b64decode(case['publicKey']))
    return {'keyId': key.id, 'algorithm': key.algorithm}


def signature_case(case, _file, keys):
    return {'valid': keys[case['keyId']].verifies(case['bytes'], base64.b64decode(case['message']))}


def trust_case(case, _file, _keys):
    try:
        trust = read_trust(case['bytes'], case['now'])
    except TrustError as error:
        return {**refusal(error, ['reason']), 'error': error.error}
    return {'trust': {'version': trust.version, 'expiresAt': trust.expires_at, 'keys': {key.id: key.algorithm for key in trust.keys.values()},
                      'roles': trust.roles, 'operationTypes': trust.types}}


def reader_of(case, file, document):
    device = {**file['device'], **case.get('device', {})}
    device['trust'] = None if document is None else read_trust(base64.b64decode(document), 0)
    return device


def manifest_case(case, file, _keys):
    try:
        device = reader_of(case, file, None if case['trust'] is None else file['trust'][case['trust']])
        return {'manifest': judge_manifest(case['bytes'], device)}
    except Fault as fault:
        return refusal(fault, ['field', 'reason'])


def command_case(case, file, _keys):
    try:
        return {'command': judge_command(case['bytes'], case['operation'], case['operationType'], reader_of(case, file, file['trust']))}
    except Fault as fault:
        return refusal(fault, ['field', 'reason'])


def index_case(case, _file, _keys):
    try:
        return {'index': parse_index(case['bytes'], case['chunkIndexSha256'], case['payloadSize'])}
    except Fault as fault:
        return refusal(fault, [])


def chunk_case(case, _file, _keys):
    try:
        return {'plain': decode_chunk(case['encoding'], case['bytes'], case['length'], case['sha256']).hex()}
    except Fault as fault:
        return refusal(fault, [])


def cuts_case(case, _file, _keys):
    image = image_of(case['seed'], case['length'])
    if hashlib.sha256(image).hexdigest() != case['imageSha256']:
        return 'the image is another one'
    lengths = cut(image, case['settings']['minimumBytes'], case['settings']['averageBytes'], case['settings']['maximumBytes'])
    digests, at = hashlib.sha256(), 0
    for length in lengths:
        digests.update(hashlib.sha256(image[at:at + length]).digest())
        at += length
    return {'lengths': lengths, 'digestsSha256': digests.hexdigest()}


def patch_case(case, _file, _keys):
    try:
        return {'frames': parse_patch(case['bytes'], read_metadata('delta-zstd', base64.b64decode(case['metadata'])), case['installedSize'])}
    except Fault as fault:
        return refusal(fault, ['reason'])


def package_case(case, _file, _keys):
    try:
        return {'images': parse_package(case['bytes'], case['descriptorSize'], case['packageSize'])}
    except Fault as fault:
        return refusal(fault, ['field'])


def offer_case(case, file, _keys):
    try:
        held = None if case['trust'] is None else file['trust'][case['trust']]
        components = case.get('components', file['components'])
        device = {**file['device'], 'formats': [one for component in components for one in component['formats']]}
        try:
            # What was given once is not asked for its expiry again before row 5.
            device['trust'] = None if held is None else read_trust(base64.b64decode(held), 0)
        except TrustError as error:
            device['trust'] = error
        manifest = judge_manifest(case['bytes'], device)
        judge_state(manifest, {one['name']: one for one in components})
        return {'manifest': manifest}
    except Fault as fault:
        return refusal(fault, ['field', 'reason'])


def session_control_value(data):
    word = session_control(data)
    return {**{name: one for name, one in word.items() if name != 'action'}, 'kind': word['action']}


def session_data_value(data):
    return {name: one for name, one in session_data(data).items() if name != 'kind'}


def log_report(data):
    """What a broker takes (section 6): no device reads it, so it stands here."""
    fields = read('LogReport', data)
    lines = fields.get('lines', b'')
    inflater = zlib.decompressobj(-15)
    try:
        text = inflater.decompress(lines, 64 * 1024 + 1)
        text.decode()
    except (zlib.error, UnicodeDecodeError):
        text = b''
    if not inflater.eof or not 1 <= len(text) <= 64 * 1024:
        raise Refused('LogReport.lines')
    if OPERATION_ID.fullmatch(fields.get('operation_id', '')) is None:
        raise Refused('LogReport.operationId')
    if fields.get('attempt', 0) < 1:
        raise Refused('LogReport.attempt')
    return {'operation': fields['operation_id'], 'attempt': fields['attempt'], 'lines': lines, 'sizeBytes': len(text),
            'cut': fields.get('cut', False)}


READERS = {**DEVICE_READERS, 'SessionControl': session_control_value, 'SessionData': session_data_value, 'LogReport': log_report}


def plain_value(value):
    return {name: one.hex() if isinstance(one, bytes) else one for name, one in value.items()}


def message_case(case, file, _keys):
    name = file['message']
    try:
        value = plain_value(READERS[name](case['bytes']))
    except Refused as refused:
        return {'refused': refused.path}
    # What was read is written again by the library, and must say the same.
    again = write(name, read(name, case['bytes']))
    if plain_value(READERS[name](again)) != value:
        return 'written again it says something else'
    return {'value': value}


def held(file, name):
    return read_trust(base64.b64decode(file[name]), 0)


def successor_case(case, file, _keys):
    try:
        following = read_successor(case['bytes'], held(file, 'current'))
    except Fault as fault:
        return {'refused': fault.data.get('reason')}
    return {'version': following.version, **({'releaseEpoch': following.release_epoch} if following.release_epoch else {})}


def time_case(case, file, _keys):
    try:
        return {'time': read_time(case['bytes'], held(file, 'trust'))}
    except Fault as fault:
        return {'refused': fault.data.get('reason')}


JUDGES = {'trust-successor': successor_case, 'fleet-time': time_case, 'keys': keys_case, 'signature': signature_case, 'trust-document': trust_case, 'signed-manifest': manifest_case,
          'signed-command': command_case, 'offer': offer_case, 'chunk-index': index_case, 'chunk': chunk_case, 'cuts': cuts_case, 'patch': patch_case,
          'package': package_case, 'message': message_case}


def is_passed(answer, expect, file):
    """In a spoiled case the code counts; names of fields are the reader's own, the reasons of 23, 31 and of patches are not."""
    if answer == expect:
        return True
    if not isinstance(answer, dict) or not isinstance(expect, dict):
        return False
    if 'refused' in expect:
        return 'refused' in answer
    if 'code' not in expect or answer.get('code') != expect['code']:
        return False
    is_bound = file['kind'] == 'patch' or expect['code'] in ('UPD4_FAIL_23', 'UPD4_FAIL_31')
    names = ['reason'] if is_bound else []
    return all(answer.get(name) == expect.get(name) for name in [*names, 'error'])


def run(folder):
    """Counts (passed, the same to the letter, failed) over all files; failed cases are told on standard output."""
    with open(os.path.join(folder, 'keys.json'), encoding='utf-8') as file:
        keys = {one['keyId']: Key(base64.b64decode(one['publicKey'])) for one in json.load(file)['cases']}
    passed = same = failed = 0
    for name in sorted(one for one in os.listdir(folder) if one.endswith('.json')):
        with open(os.path.join(folder, name), encoding='utf-8') as source:
            file = json.load(source)
        for case in file['cases']:
            expect = {'keyId': case['keyId'], 'algorithm': case['algorithm']} if file['kind'] == 'keys' else case['expect']
            case['bytes'] = bytes_of(case)
            try:
                answer = JUDGES[file['kind']](case, file, keys)
            except Exception as error:  # a case may never crash a reader
                answer = f'crashed: {error!r}'
            if is_passed(answer, expect, file):
                passed += 1
                same += answer == expect
                if answer != expect and os.environ.get('DROVER_VECTORS_VERBOSE'):
                    print(f'near {name}: {case["name"]}: {json.dumps(answer)[:300]} for {json.dumps(expect)[:300]}')
            else:
                failed += 1
                print(f'FAILED {name}: {case["name"]}: {json.dumps(answer)[:300]} for {json.dumps(expect)[:300]}')
    print(f'{passed} of {passed + failed} cases passed, {same} of them to the letter')
    return failed == 0 and passed > 0


if __name__ == '__main__':
    sys.exit(0 if run(sys.argv[1] if len(sys.argv) > 1 else os.path.join(HERE, '..', 'vectors')) else 1)
