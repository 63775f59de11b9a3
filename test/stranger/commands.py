"""Commands: what they ask for and what comes of it (section 9, Commands). Nothing here knows of MQTT or the journal."""

import base64
import copy
import hashlib
import json
import os
import re
import signal
import subprocess
from decimal import Decimal, InvalidOperation

from trust import Fault, levels, no_constant
from wire import KIB

CONFIGURATION_BYTES_MAX = 32 * KIB
PATCH_OPERATIONS_MAX = 1000
LEVELS_MAX = 32
DIFF_BYTES_MAX, OUTPUT_BYTES_MAX = 6 * KIB, 1024
SECRET = re.compile(r'password|passwd|secret|token|key|credential', re.IGNORECASE)
PROGRAM = re.compile(r'[A-Za-z0-9][A-Za-z0-9._-]{0,63}')
TYPES = ('config-backup', 'config-change', 'config-restore', 'reboot', 'command')


class Failed(Exception):
    """The command could not be carried out: the reason of STEP_FAILED and what else stands in its data."""

    def __init__(self, reason, **data):
        super().__init__(reason)
        self.data = {'reason': reason, **{name: str(value) for name, value in data.items()}}


def judge_arguments(kind, arguments):
    """Row 16: the arguments are those of the type, and no others."""
    def must(fine, field):
        if not fine:
            raise Fault(22, field=field, reason='malformed')

    names = {'config-backup': (), 'reboot': (), 'config-change': ('format', 'patch'), 'config-restore': ('content', 'sha256', 'version'),
             'command': ('name', 'arguments')}[kind]
    for name in arguments:
        must(name in names, name)
    if kind == 'config-change':
        must(arguments.get('format') in ('merge-patch', 'json-patch'), 'format')
        patch = arguments.get('patch')
        if arguments['format'] == 'merge-patch':
            must('patch' in arguments, 'patch')
        else:
            must(isinstance(patch, list) and len(patch) <= PATCH_OPERATIONS_MAX and all(is_patch_operation(one) for one in patch), 'patch')
    elif kind == 'config-restore':
        must(isinstance(arguments.get('version'), str), 'version')
        must(isinstance(arguments.get('sha256'), str) and re.fullmatch('[0-9a-f]{64}', arguments['sha256']), 'sha256')
        try:
            content = base64.b64decode(arguments.get('content'), validate=True)
        except (TypeError, ValueError):
            must(False, 'content')
        must(len(content) <= CONFIGURATION_BYTES_MAX and hashlib.sha256(content).hexdigest() == arguments['sha256'], 'sha256')
    elif kind == 'command':
        must(isinstance(arguments.get('name'), str) and PROGRAM.fullmatch(arguments['name']), 'name')
        must(isinstance(arguments.get('arguments', {}), dict), 'arguments')


# ---- the configuration --------------------------------------------------------------------------


def is_patch_operation(one):
    wanted = {'add': ('path', 'value'), 'replace': ('path', 'value'), 'test': ('path', 'value'), 'remove': ('path',), 'move': ('path', 'from'),
              'copy': ('path', 'from')}
    if not isinstance(one, dict) or not isinstance(one.get('op'), str) or one['op'] not in wanted:
        return False
    names = wanted[one['op']]
    return all(name in one for name in names) and all(is_pointer(one[name]) for name in names if name != 'value')


def is_pointer(text):
    return isinstance(text, str) and (text == '' or text.startswith('/'))


def _exact(text):
    try:
        value = float(text)
        if Decimal(text) != Decimal(repr(value)):
            raise Failed('number-not-exact', place=text[:64])
    except (InvalidOperation, OverflowError):
        raise Failed('number-not-exact', place=text[:64]) from None
    return value


def _exact_int(text):
    _exact(text)
    return int(text)


def parse_configuration(content):
    try:
        return json.loads(content.decode('utf-8'), parse_float=_exact, parse_int=_exact_int, parse_constant=no_constant)
    except (ValueError, RecursionError):
        raise Failed('not-json') from None


def write_configuration(value):
    content = (json.dumps(value, indent=2, ensure_ascii=False) + '\n').encode()
    if len(content) > CONFIGURATION_BYTES_MAX:
        raise Failed('too-large')
    if levels(value) > LEVELS_MAX:
        raise Failed('too-deep')
    return content


def merge_patch(target, patch):
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merge_patch(result.get(name), value)
    return result


def _parts(pointer):
    return [part.replace('~1', '/').replace('~0', '~') for part in pointer.split('/')[1:]]


def _same(one, other):
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return one == other and isinstance(one, str) == isinstance(other, str)


def json_patch(document, patch):
    """RFC 6902; Failed `no-such-place` or `test-failed` with the place."""
    holder = {'': copy.deepcopy(document)}

    def find(pointer, parts):
        value = holder['']
        for part in parts:
            value = value[step(value, part, pointer, False)]
        return value

    def step(value, part, pointer, may_append):
        if isinstance(value, dict) and (part in value or may_append):
            return part
        if isinstance(value, list):
            if may_append and part == '-':
                return len(value)
            if re.fullmatch(r'0|[1-9][0-9]{0,8}', part) and int(part) < len(value) + (1 if may_append else 0):
                return int(part)
        raise Failed('no-such-place', place=pointer[:256])

    def place(pointer, may_append):
        parts = _parts(pointer)
        if not parts:
            return holder, ''
        parent = find(pointer, parts[:-1])
        return parent, step(parent, parts[-1], pointer, may_append)

    def take(pointer):
        parent, key = place(pointer, False)
        value = parent[key]
        if parent is holder:
            raise Failed('no-such-place', place='')
        del parent[key]
        return value

    def put(pointer, value):
        parent, key = place(pointer, True)
        if isinstance(parent, list):
            parent.insert(key, value)
        else:
            parent[key] = value

    for one in patch:
        operation, pointer = one['op'], one['path']
        if operation == 'add':
            put(pointer, copy.deepcopy(one['value']))
        elif operation == 'replace':
            parent, key = place(pointer, False)
            parent[key] = copy.deepcopy(one['value'])
        elif operation == 'remove':
            take(pointer)
        elif operation == 'copy':
            parent, key = place(one['from'], False)
            put(pointer, copy.deepcopy(parent[key]))
        elif operation == 'move':
            if pointer.startswith(one['from'] + '/'):
                raise Failed('no-such-place', place=pointer[:256])
            if pointer != one['from']:
                put(pointer, take(one['from']))
        else:
            parent, key = place(pointer, False)
            if not _same(parent[key], one['value']):
                raise Failed('test-failed', place=pointer[:256])
    return holder['']


def planned(kind, arguments, before):
    """The content the configuration is to have."""
    if kind == 'config-restore':
        return base64.b64decode(arguments['content'])
    value = parse_configuration(before)
    if arguments['format'] == 'merge-patch':
        return write_configuration(merge_patch(value, arguments['patch']))
    return write_configuration(json_patch(value, arguments['patch']))


def _hidden(value, name):
    if SECRET.search(name):
        return '***'
    if isinstance(value, dict):
        return {each: _hidden(one, each) for each, one in value.items()}
    if isinstance(value, list):
        return [_hidden(one, '') for one in value]
    return value


def _differences(before, after, pointer, name):
    if isinstance(before, dict) and isinstance(after, dict) and not SECRET.search(name):
        for each in sorted({*before, *after}):
            below = f'{pointer}/{each.replace("~", "~0").replace("/", "~1")}'
            if each not in after:
                yield {'op': 'remove', 'path': below}
            elif each not in before:
                yield {'op': 'add', 'path': below, 'value': _hidden(after[each], each)}
            elif not _same(before[each], after[each]):
                yield from _differences(before[each], after[each], below, each)
    elif not _same(before, after):
        yield {'op': 'replace', 'path': pointer, 'value': _hidden(after, name)}


def difference(before, after):
    """`diff` and `diff_cut` of a change, with secrets hidden; nothing when one of both is no JSON."""
    try:
        operations = list(_differences(parse_configuration(before), parse_configuration(after), '', ''))
    except Failed:
        return {}
    kept, size = [], 2
    for one in operations:
        text = json.dumps(one, ensure_ascii=False)
        size += len(text.encode()) + 2
        if size > DIFF_BYTES_MAX:
            break
        kept.append(text)
    return {'diff': f'[{", ".join(kept)}]', **({'diff_cut': 'true'} if len(kept) < len(operations) else {})}


# ---- programs -----------------------------------------------------------------------------------


def run_program(folder, arguments, operation, attempt, is_repeated, timeout_s):
    """The data of STEP_DONE; Failed when the program did not end with 0. Blocks until it has ended."""
    path = os.path.join(folder, arguments['name']) if folder is not None else None
    if path is None or not os.path.isfile(path) or not os.access(path, os.X_OK):
        raise Failed('unknown-command')
    environment = {**os.environ, 'DROVER_OPERATION': operation, 'DROVER_ATTEMPT': str(attempt)}
    if is_repeated:
        environment['DROVER_REPEATED'] = 'true'
    try:
        child = subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment,
                                 start_new_session=True)
    except OSError as error:
        raise Failed(f'not-started-{error.errno}') from None
    is_late = False
    try:
        output, _ = child.communicate(json.dumps(arguments.get('arguments', {})).encode(), timeout=timeout_s)
    except subprocess.TimeoutExpired:
        is_late = True
        os.killpg(child.pid, signal.SIGKILL)
        output, _ = child.communicate()
    data = told_output(output)
    if is_late:
        raise Failed('timeout', **data)
    if child.returncode < 0:
        raise Failed(f'signal-{signal.Signals(-child.returncode).name}', **data)
    data['exit_code'] = str(child.returncode)
    if child.returncode != 0:
        raise Failed(f'exit-{child.returncode}', **data)
    return data


def told_output(output):
    text = output[:OUTPUT_BYTES_MAX].decode('utf-8', 'ignore' if len(output) > OUTPUT_BYTES_MAX else 'replace')
    while len(text.encode()) > OUTPUT_BYTES_MAX:
        text = text[:-1]
    return {'output': text, **({'output_cut': 'true'} if len(output) > OUTPUT_BYTES_MAX else {})}
