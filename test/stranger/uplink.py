"""The line of a device: connecting, and what is said in which order (sections 1, 4, 5 and 11)."""

import random
import secrets
import time
import zlib

import messages
from link import Link
from settings import now_ms
from trust import Fault
from wire import Refused, write

CONNECT_S, PUBACK_S, PROGRESS_S, RECONNECT_CAP_S = 20.0, 30.0, 5.0, 64.0
DOWNLOAD_LIMIT_MS = 14 * 86_400_000
INBOX_MAX = 2048



class Uplink:
    """What a Device hears and says."""

    def tell(self, link, kind, value):
        """Called by the thread of a connection. Messages may be dropped, the broker says them again; other news may not."""
        if kind == 'message' and self.inbox.qsize() >= INBOX_MAX:
            return
        self.inbox.put((link, kind, value))

    def connect(self):
        self.connects += 1
        will = (self.topics + 'presence', write('Presence', {'online': False, 'connection_id': (connection := secrets.token_bytes(8))}))
        link = Link(self.settings, will, self.tell)
        self.connection_id = connection
        try:
            link.open()
        except OSError as error:
            self.on_down(f'connect: {error}')
            return
        self.link = link
        self.line_deadline = time.monotonic() + CONNECT_S

    def on_down(self, reason):
        if self.link is not None:
            self.link.close()
        self.link = None
        self.is_up = self.is_subscribed = self.is_heard = False
        self.in_flight = None
        self.line_deadline = None
        if self.download is not None:
            self.download.disconnect()
        pause = random.uniform(0, min(RECONNECT_CAP_S, self.settings['reconnectSeconds'] * 2 ** min(self.connects - 1, 12)))
        self.connect_at = time.monotonic() + pause
        self.log('link-down', reason=reason, nextMs=int(pause * 1000))

    def on_up(self):
        self.is_up = True
        self.line_deadline = time.monotonic() + PUBACK_S
        filters = [(self.topics + name, 1) for name in ('offer', 'command', 'chunks/data')]
        if self.job is not None and self.job.get('session') is not None:
            filters.extend(zip(self.session_topics(), (1, 0)))
        self.link.subscribe(filters)

    def on_subscribed(self, value):
        mid, granted = value
        if self.is_subscribed:
            # A session that refuses is no failure: what it would have brought is asked for.
            if mid == self.subscribing and 0x80 in granted:
                self.session_refused = True
                self.log('session', word='refused')
            return
        if 0x80 in granted[:3]:
            self.on_down('subscription refused')
            return
        self.session_refused = 0x80 in granted[3:]
        self.session_heard_at = time.monotonic()
        self.is_subscribed = True
        self.line_deadline = None
        self.link.publish(self.topics + 'presence', write('Presence', {'online': True, 'connection_id': self.connection_id}), 0)
        self.hello_wanted = True

    def on_acknowledged(self, mid):
        if self.in_flight is None or self.in_flight['mid'] != mid:
            return
        kind, self.in_flight, self.line_deadline = self.in_flight['kind'], None, None
        if kind == 'hello':
            if not self.is_heard:
                self.connects = 0
                self.log('link-up')
            self.is_heard = True
        elif kind == 'event':
            event = self.state['outbox'].pop(0)
            self.journal.save()
            self.log('acknowledged', number=event['number'])
        elif kind == 'report':
            if self.report is not None:
                digest = self.report['sha256'].hex()
                self.end({'step': 'done'}, {'configuration_digest': digest})
        else:
            self.log_due = None

    def on_message(self, topic, payload):
        if topic == self.topics + 'offer':
            self.on_offer(payload)
        elif topic == self.topics + 'chunks/data':
            self.on_chunk_data(payload)
        elif self.job is not None and self.job.get('session') is not None and topic in self.session_topics():
            (self.on_word if topic == self.session_topics()[0] else self.on_session_piece)(payload)

    def on_chunk_data(self, payload):
        if self.download is None:
            return
        try:
            message = messages.chunk_data(payload)
        except Refused as refused:
            self.log('message-unreadable', topic='chunks/data', field=refused.path)
            return
        if message['kind'] == 'refusal':
            self.log('chunks-refused', reason=message['reason'], retryAfterMs=message['retryAfterMs'])
        self.work(self.download.take, message, time.monotonic())
        self.after_index()
        self.after_chunks()

    def publish(self, name, topic, fields, qos, kind=None):
        payload = write(name, fields)
        reader = messages.READERS.get(name)
        if reader is not None:
            reader(payload)
        mid = self.link.publish(self.topics + topic, payload, qos)
        if kind is not None:
            self.in_flight = {'mid': mid, 'kind': kind}
            self.line_deadline = time.monotonic() + PUBACK_S

    def publish_progress(self, fields):
        if self.is_heard:
            self.publish('Progress', 'progress', fields, 0)

    def hello_fields(self):
        state = self.state
        return {
            'protocol_version': 1, 'vendor_id': bytes.fromhex(self.settings['vendorId']), 'class_id': bytes.fromhex(self.settings['classId']),
            'boot_id': self.boot_id, 'journal_id': bytes.fromhex(state['journalId']),
            'components': [{'name': name, 'version': one['version'], 'digest': bytes.fromhex(one['digest'])}
                           for name, one in self.components().items()],
            'outbox_event_count': len(state['outbox']), 'outbox_last_event_number': state['nextEvent'] - 1,
            'packet_bytes_max': self.settings['packetBytesMax'], 'agent_version': 'stranger 1',
            'operation_id': self.job['operation'] if self.job else None,
            'patch_memory_bytes': self.settings['patchMemoryBytes'] if self.zstd is not None else None,
        }

    def event_fields(self, event):
        digest = event.get('digest')
        return {
            'journal_id': bytes.fromhex(self.state['journalId']), 'event_number': event['number'], 'operation_id': event['operation'],
            'attempt': event['attempt'], 'device_time': event['time'], 'code': event.get('code'),
            'step': messages.STEP_NUMBERS[event['step']] if 'step' in event else None, 'component': event.get('component'),
            'version': event.get('version'), 'digest': bytes.fromhex(digest) if digest else None,
            'data': [{'name': name, 'value': value} for name, value in event['data'].items()],
        }

    def pump(self):
        """Sends what is due: one message that is awaited at a time, hello before events before the rest."""
        if not self.is_subscribed:
            return
        if self.in_flight is None:
            if self.hello_wanted:
                self.hello_wanted = False
                self.publish('Hello', 'hello', self.hello_fields(), 1, 'hello')
                self.log('hello', operation=self.job['operation'] if self.job else None, outbox=len(self.state['outbox']))
            elif not self.is_heard:
                pass
            elif self.state['outbox']:
                self.publish('Event', 'events', self.event_fields(self.state['outbox'][0]), 1, 'event')
            elif self.report is not None:
                self.publish('ConfigurationReport', 'configuration', self.report, 1, 'report')
            elif self.log_due is not None:
                self.send_log()
        if self.is_heard and self.download is not None:
            self.ask()

    def send_log(self):
        deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
        lines = deflater.compress(('\n'.join(self.log.lines) + '\n').encode()) + deflater.flush()
        self.publish('LogReport', 'log', {'operation_id': self.log_due['operation'], 'attempt': self.log_due['attempt'], 'lines': lines,
                                          'cut': True if self.log.is_cut else None}, 1, 'log')

    def ask(self):
        now = time.monotonic()
        if now_ms() - self.job['acceptedAt'] > DOWNLOAD_LIMIT_MS:
            self.fail(Fault(24, reason='deadline'))
            return
        while self.download is not None:
            request = self.work(self.download.poll, now, self.is_resting())
            if request is None:
                break
            self.log('request', number=request['request_number'], index=request.get('index', False), ranges=len(request.get('ranges', [])),
                     first=request['ranges'][0]['first'] if 'ranges' in request else None)
            self.publish('ChunkRequest', 'chunks/request', {**request, 'operation_id': self.job['operation']}, 0)
        if self.download is not None and now >= self.progress_at:
            self.progress_at = now + PROGRESS_S
            d = self.download
            self.publish_progress({
                'operation_id': self.job['operation'], 'attempt': self.job['attempt'], 'step': messages.STEP_NUMBERS['downloading'],
                'image_bytes': self.manifest['payloadSize'], 'held_bytes': d.held, 'received_bytes': d.received, 'wire_bytes': d.wire,
                'patch_bytes': d.patched or None, 'patch_wire_bytes': d.patch_wire or None, 'broadcast_bytes': d.broadcast or None,
            })
