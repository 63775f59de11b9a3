"""The settings of a device, and its log."""

import collections
import json
import os
import re
import sys
import time

from wire import KIB, is_component, is_version

RECONNECT_BASE_S = 1.0
LOG_BYTES_MAX = 64 * KIB


class BadConfig(Exception):
    pass


def load_settings(path):
    """The settings of README.md, checked; paths are meant from the folder of the file."""
    try:
        with open(path, encoding='utf-8') as file:
            given = json.load(file)
    except (OSError, ValueError) as error:
        raise BadConfig(f'{path}: {error}') from None
    base = os.path.dirname(os.path.abspath(path))

    def need(name, kind, fine=lambda value: True):
        if not isinstance(given.get(name), kind) or isinstance(given[name], bool) or not fine(given[name]):
            raise BadConfig(f'{name}: missing or wrong')
        return given[name]

    def number(name, default, least, most):
        value = given.get(name, default)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not least <= value <= most:
            raise BadConfig(f'{name}: a number from {least} to {most}')
        return value

    def place(value):
        return os.path.join(base, value)

    is_id = lambda value: re.fullmatch('[0-9a-f]{32}', value) is not None
    settings = {
        'deviceId': need('deviceId', str, lambda v: re.fullmatch(r'[A-Za-z0-9][A-Za-z0-9._:-]{0,63}', v) is not None),
        'host': given.get('host', '127.0.0.1'), 'port': number('port', 1883, 1, 65535),
        'vendorId': need('vendorId', str, is_id), 'classId': need('classId', str, is_id),
        'dataDir': place(need('dataDir', str)), 'trustFile': place(need('trustFile', str)),
        'packetBytesMax': number('packetBytesMax', 32768, 1024, 262144), 'windowBytes': number('windowBytes', 262144, 1024, 1 << 20),
        'memoryBytesMax': number('memoryBytesMax', 16 << 20, 1 << 18, 1 << 30),
        'storageBytesMax': None if 'storageBytesMax' not in given else number('storageBytesMax', 0, 0, 1 << 53),
        'restart': given.get('restart', 'exec'), 'startsMax': number('startsMax', 3, 1, 100),
        'configuration': place(given['configuration']) if 'configuration' in given else None,
        'configurationCheck': given.get('configurationCheck'),
        'programs': place(given['programs']) if 'programs' in given else None,
        'programSeconds': number('programSeconds', 300, 1, 86400),
        'health': given.get('health'), 'healthSeconds': number('healthSeconds', 30, 1, 3600),
        'reconnectSeconds': number('reconnectSeconds', RECONNECT_BASE_S, 0.01, 64),
        'sessions': given.get('sessions', False) is True, 'deltas': given.get('deltas', False) is True,
        'patchMemoryBytes': None if 'patchMemoryBytes' not in given else int(number('patchMemoryBytes', 0, 1, (1 << 32) - 1)),
        'components': {},
    }
    if settings['restart'] not in ('exec', 'exit'):
        raise BadConfig('restart: exec or exit')
    for one in need('components', list, lambda v: 1 <= len(v) <= 32):
        is_whole = isinstance(one, dict) and all(isinstance(one.get(name), str) for name in ('name', 'version', 'file'))
        if not is_whole or not is_component(one['name']) or not is_version(one['version']):
            raise BadConfig('components: each has name, version, file')
        file = place(one['file'])
        settings['components'][one['name']] = {'version': one['version'], 'file': file, 'reboot': one.get('reboot', True) is True}
    if 'passwordFile' in given:
        try:
            with open(place(given['passwordFile']), encoding='utf-8') as file:
                settings['password'] = file.readline().strip()
        except OSError as error:
            raise BadConfig(f'passwordFile: {error}') from None
    else:
        settings['password'] = need('password', str)
    return settings


def paths_of(component):
    file = component['file']
    return {'installed': file, 'installedIndex': file + '.index', 'candidate': file + '.candidate', 'candidateIndex': file + '.candidate.index',
            'payload': file + '.payload', 'payloadIndex': file + '.payload.index', 'previous': file + '.previous',
            'previousIndex': file + '.previous.index'}


def now_ms():
    return time.time_ns() // 1_000_000


class Log:
    """One JSON object a line on standard error; the last ones are kept for a LogReport."""

    def __init__(self):
        self.lines = collections.deque()
        self.bytes = 0
        self.is_cut = False

    def __call__(self, event, **fields):
        line = json.dumps({'time': now_ms(), 'event': event, **fields})
        try:
            sys.stderr.write(line + '\n')
            sys.stderr.flush()
        except OSError:
            pass
        self.lines.append(line)
        self.bytes += len(line.encode()) + 1
        while self.bytes > LOG_BYTES_MAX - KIB:
            self.bytes -= len(self.lines.popleft().encode()) + 1
            self.is_cut = True
