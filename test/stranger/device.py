"""A device that speaks to Drover, written from docs/PROTOCOL.md, proto/drover.proto and test/vectors alone.

    device.py --config device.json        run it; README.md beside this file has the keys, the log and the exit codes
    device.py --vectors FOLDER            try the golden bytes instead

It is one thread that takes what happens from a queue, and one journal; what is told of outlives a power cut before
it is acted upon.
"""

import argparse
import errno
import os
import queue
import secrets
import signal
import sys
import time

sys.dont_write_bytecode = True

import patches
import vectors
from download import hash_file
from journal import Journal, JournalUnusable
from offers import Offers
from orders import Orders
from sessions import Sessions
from settings import BadConfig, Log, load_settings, now_ms, paths_of
from trust import Fault, TrustError, read_trust
from updates import BROUGHT, Updates
from uplink import Uplink
from wire import KIB, write

RESTART_EXIT = 75
RESTART_WAIT_S = 10.0
STARTED = ('installing', 'trial', 'rolled-back')


class Device(Offers, Updates, Orders, Sessions, Uplink):
    """Journal, components and events; the loop. What is done with them stands in the classes it is made of."""

    def __init__(self, settings, log):
        self.settings, self.log = settings, log
        os.makedirs(settings['dataDir'], mode=0o700, exist_ok=True)
        self.journal = Journal(settings['dataDir'])
        self.boot_id = secrets.token_bytes(16)
        self.inbox = queue.SimpleQueue()
        self.link = None
        self.is_up = self.is_subscribed = self.is_heard = False
        self.in_flight = None
        self.hello_wanted = False
        self.connection_id = secrets.token_bytes(8)
        self.connect_at, self.connects = 0.0, 0
        self.line_deadline = None
        self.manifest = None
        self.download = None
        self.progress_at = 0.0
        self.log_due = None
        self.report = None
        self.program = None
        self.restart_at = None
        self.session_heard_at, self.session_refused, self.session_bad = time.monotonic(), False, 0
        self.subscribing = None
        self.patch_seen = None
        self.is_stopping = False
        self.topics = f'drover/v1/devices/{settings["deviceId"]}/'
        self.trust = self._load_trust()
        self.zstd = patches.Zstd.load() if settings['deltas'] or settings['patchMemoryBytes'] is not None else None
        self.formats = ['raw', 'delta-zstd'] if settings['deltas'] and self.zstd is not None else ['raw']

    @property
    def state(self):
        return self.journal.state

    @property
    def job(self):
        return self.journal.state['job']

    def _load_trust(self):
        try:
            with open(self.settings['trustFile'], 'rb') as file:
                return read_trust(file.read(KIB * KIB), now_ms())
        except OSError as error:
            self.log('trust-absent', detail=str(error))
        except TrustError as error:
            self.log('trust-unusable', code=error.code, error=error.error, **error.data)
            # Expired when it is given counts as none; a key that cannot be used has a code of its own.
            if error.code == 'UPD4_FAIL_43':
                return error
        return None

    # ---- components ----

    def load_components(self):
        """What is installed, by hash; a record is made at the first start."""
        for name, component in self.settings['components'].items():
            record = self.state['components'].setdefault(name, {'version': component['version'], 'committed': None})
            try:
                record['digest'], record['size'] = hash_file(component['file'])
            except OSError as error:
                self.log('image-unreadable', component=name, detail=str(error))
                record['digest'], record['size'] = '0' * 64, 0
        self.journal.save()

    def own(self):
        """Who judges: section 9."""
        return {'now': now_ms(), 'trust': self.trust, 'vendorId': self.settings['vendorId'], 'classId': self.settings['classId'],
                'deviceId': self.settings['deviceId'], 'formats': self.formats}

    def components(self):
        return {name: {**self.state['components'][name], 'formats': self.formats} for name in self.settings['components']}

    def paths(self):
        return paths_of(self.settings['components'][self.manifest['component']])

    # ---- events ----

    def event(self, content, data=None, operation=None, attempt=None):
        """One event for the outbox, of the job under way unless said otherwise. The caller saves."""
        job = self.job
        event = {'operation': operation, 'attempt': attempt, 'time': now_ms(), **content, 'data': {k: str(v)[:1024] for k, v in (data or {}).items()}}
        if operation is None and job is not None:
            event['operation'], event['attempt'] = job['operation'], job['attempt']
        component = self.manifest['component'] if self.manifest is not None else None
        if component in self.settings['components']:
            record = self.state['components'][component]
            is_new = record['digest'] == self.manifest['installedSha256']
            event.update(component=component, version=self.manifest['version'] if is_new else record['version'], digest=record['digest'])
        self.log('event', number=self.state['nextEvent'], operation=event['operation'], attempt=event['attempt'], **content, data=event['data'])
        return self.journal.add_event(event)

    def step(self, step, data=None, **changes):
        """A step of the job, saved together with what changes in it."""
        self.job.update(changes)
        self.event({'step': step}, data)
        self.journal.save()

    def end(self, content, data=None, remember=True):
        """The job is over: event, result and the empty place in one write."""
        job = self.job
        event = self.event(content, data)
        if remember:
            self.journal.add_result({'operation': job['operation'], 'attempt': job['attempt'], 'kind': 'event', 'content': content,
                                     'data': event['data'], **{k: event[k] for k in ('component', 'version', 'digest') if k in event}})
        self._clear_job()
        is_failure = content.get('code', '').startswith('UPD4') or content.get('step') == 'failed'
        if job.get('logWanted') and is_failure:
            self.log_due = {'operation': job['operation'], 'attempt': job['attempt'], 'number': event['number']}

    def _clear_job(self):
        if self.download is not None:
            self.download.close()
            self.download = None
        self.leave_session()
        self.state['job'] = None
        self.manifest = None
        self.report = None
        self.journal.save()

    def end_with_hello(self):
        """Success that is told by a hello without the operation."""
        self.journal.add_result({'operation': self.job['operation'], 'attempt': self.job['attempt'], 'kind': 'hello'})
        self._clear_job()
        self.hello_wanted = True

    def fail(self, fault):
        self.log('failed', code=fault.code, **fault.data)
        is_ours = self.manifest is not None and self.manifest['component'] in self.settings['components']
        paths = self.paths() if is_ours else None
        keeps_candidate = fault.code in ('UPD4_FAIL_24', 'UPD4_FAIL_45')
        self.end({'code': fault.code}, fault.data)
        if paths is not None and not keeps_candidate:
            self._drop(*(paths[name] for name in BROUGHT))

    def disk_failed(self, error, doing):
        number = 36 if error.errno == errno.EIO and doing == 'read' else 35
        self.fail(Fault(number, errno=errno.errorcode.get(error.errno, error.errno), reason=doing))

    @staticmethod
    def _drop(*paths):
        for path in paths:
            try:
                os.unlink(path)
            except OSError:
                pass

    # ---- start ----

    def start(self):
        """Takes up what was under way: all before the first connection."""
        self.log('started', device=self.settings['deviceId'], pid=os.getpid(), bootId=self.boot_id.hex(), journalId=self.state['journalId'])
        self.load_components()
        job = self.job
        if job is None:
            return
        self.log('resumed', operation=job['operation'], attempt=job['attempt'], phase=job['phase'])
        if job['type'] != 'firmware-update':
            self.resume_command()
            return
        try:
            self.manifest = job['manifest']
            if self.manifest['component'] not in self.settings['components']:
                raise Fault(39, field='component', expected=', '.join(self.settings['components']), actual=self.manifest['component'])
            if job['phase'] in STARTED:
                self.resume_install()
                return
            self.judge_update(job['envelope'], needs_room=job['phase'] == 'downloading')
        except Fault as fault:
            self.fail(fault)
            return
        if job['phase'] == 'downloading':
            self.begin_download()
        elif job['phase'] == 'verifying':
            self.verify()
        else:
            self.verify()

    # ---- restart and the loop ----

    def restart_soon(self):
        """Restarts when all is told, or after a while."""
        self.restart_at = time.monotonic() + RESTART_WAIT_S

    def restart_now(self):
        self.log('restart', how=self.settings['restart'])
        self.say_farewell()
        if self.settings['restart'] == 'exit':
            sys.exit(RESTART_EXIT)
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])

    def say_farewell(self):
        if self.link is not None:
            farewell = (self.topics + 'presence', write('Presence', {'online': False, 'connection_id': self.connection_id}))
            self.link.close(farewell if self.is_up else None)
            self.link = None

    def next_time(self):
        times = [time.monotonic() + 30.0]
        if self.link is None:
            times.append(self.connect_at)
        if self.line_deadline is not None:
            times.append(self.line_deadline)
        if self.restart_at is not None:
            times.append(self.restart_at)
        if self.download is not None and self.is_heard:
            times.append(self.progress_at)
            due = self.download.next_time()
            if due is not None:
                times.append(due)
        return min(times)

    def run(self):
        self.start()
        while not self.is_stopping:
            now = time.monotonic()
            if self.restart_at is not None and (now >= self.restart_at or (self.is_heard and not self.state['outbox'] and self.in_flight is None)):
                self.restart_now()
            if self.link is None and now >= self.connect_at:
                self.connect()
            if self.line_deadline is not None and now >= self.line_deadline:
                self.on_down('no answer')
            self.pump()
            try:
                link, kind, value = self.inbox.get(timeout=max(0.0, min(1.0, self.next_time() - time.monotonic())))
            except queue.Empty:
                continue
            self.handle(link, kind, value)
        self.say_farewell()

    def handle(self, link, kind, value):
        if kind == 'program':
            operation, content, data = value
            if self.job is not None and self.job['operation'] == operation:
                self.end({'step': content}, data)
        elif kind == 'stop':
            self.is_stopping = True
        elif link is not self.link:
            return
        elif kind == 'up':
            self.on_up()
        elif kind == 'down':
            self.on_down(value)
        elif kind == 'subscribed':
            self.on_subscribed(value)
        elif kind == 'acknowledged':
            self.on_acknowledged(value)
        else:
            self.on_message(*value)


def main():
    parser = argparse.ArgumentParser(description='a device that speaks to Drover')
    chosen = parser.add_mutually_exclusive_group(required=True)
    chosen.add_argument('--config', help='settings, JSON')
    chosen.add_argument('--vectors', help='folder with golden bytes to try')
    given = parser.parse_args()
    if given.vectors is not None:
        return 0 if vectors.run(given.vectors) else 1
    log = Log()
    try:
        device = Device(load_settings(given.config), log)
    except BadConfig as error:
        log('bad-configuration', detail=str(error))
        return 2
    except JournalUnusable as error:
        log('journal-unusable', detail=str(error))
        return 3
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: device.inbox.put((None, 'stop', None)))
    device.run()
    log('stopped')
    return 0


if __name__ == '__main__':
    sys.exit(main())
