"""What the device remembers over a power cut: one JSON file, written beside the old one, synced, renamed (section 19, step 1)."""

import json
import os
import secrets

RESULTS_MAX, LEASES_MAX = 64, 128


class JournalUnusable(Exception):
    """The file is there and cannot be understood; nothing may be started on it."""


def sync_folder(path):
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_durably(path, data):
    folder = os.path.dirname(path)
    beside = path + '.new'
    with open(beside, 'wb') as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(beside, path)
    sync_folder(folder)


class Journal:
    """`state` may be changed at will; it counts once `save` has returned. A failed save raises OSError."""

    def __init__(self, folder):
        self.path = os.path.join(folder, 'journal.json')
        os.makedirs(folder, mode=0o700, exist_ok=True)
        try:
            with open(self.path, encoding='utf-8') as file:
                self.state = json.load(file)
            if not isinstance(self.state, dict) or self.state.get('form') != 1:
                raise ValueError('another form')
        except FileNotFoundError:
            self.state = {'form': 1, 'journalId': secrets.token_hex(8), 'nextEvent': 1, 'outbox': [], 'components': {}, 'leases': {},
                          'results': [], 'job': None}
            self.save()
        except ValueError as error:
            raise JournalUnusable(f'{self.path}: {error}') from None

    def save(self):
        write_durably(self.path, json.dumps(self.state).encode())

    def add_event(self, event):
        """Gives an event its number and lays it into the outbox; the caller saves."""
        event['number'] = self.state['nextEvent']
        self.state['nextEvent'] += 1
        self.state['outbox'].append(event)
        return event

    def result_of(self, operation):
        return next((one for one in self.state['results'] if one['operation'] == operation), None)

    def add_result(self, result):
        others = [one for one in self.state['results'] if one['operation'] != result['operation']]
        self.state['results'] = [*others, result][-RESULTS_MAX:]

    def take_lease(self, operation, lease):
        """False when a higher lease of this operation was accepted before."""
        leases = self.state['leases']
        if lease < leases.get(operation, 0):
            return False
        if leases.get(operation) != lease:
            leases.pop(operation, None)
            leases[operation] = lease
            for oldest in list(leases)[:-LEASES_MAX]:
                del leases[oldest]
            self.save()
        return True
