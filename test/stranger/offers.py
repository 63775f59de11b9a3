"""Offers, withdrawals and goes: the table of section 6."""

import base64

import messages
from settings import now_ms
from trust import Fault
from updates import BROUGHT
from wire import Refused

OUTBOX_MAX = 64



class Offers:
    """What a Device does with what comes on the topic `offer`."""

    def on_offer(self, payload):
        try:
            message = messages.offer_message(payload)
        except Refused as refused:
            self.log('message-unreadable', topic='offer', field=refused.path)
            return
        told = ('kind', 'operation', 'lease', 'attempt', 'session', 'operationType')
        self.log('heard', **{name: message[name] for name in told if name in message})
        if not self.journal.take_lease(message['operation'], message['lease']):
            self.log('ignored', operation=message['operation'], reason='lease')
            return
        {'offer': self.on_one_offer, 'withdraw': self.on_withdraw, 'proceed': self.on_proceed, 'join': self.on_join}[message['kind']](message)

    def is_restarting(self):
        return self.job is not None and self.job['phase'] in ('trial', 'rolled-back', 'rebooting')

    def on_one_offer(self, offer):
        if self.is_restarting():
            return
        operation, attempt, job = offer['operation'], offer['attempt'], self.job
        if job is not None and job['operation'] == operation:
            self.on_offer_again(offer)
            return
        result = self.journal.result_of(operation)
        if result is not None and attempt <= result['attempt']:
            if attempt == result['attempt']:
                self.tell_result(result)
            return
        if job is not None:
            self.on_other_offer(offer)
            return
        if len(self.state['outbox']) >= OUTBOX_MAX:
            self.log('outbox-full', operation=operation)
            return
        self.accept(offer)

    def on_other_offer(self, offer):
        """Another operation than the one under way: refused, but for an update that is good while a session is listened to."""
        if not self.is_in_session() or offer['operationType'] != 'firmware-update':
            self.refuse_offer(offer['operation'])
            return
        own = self.manifest
        try:
            self.judge_update(offer['envelope'], needs_room=True, is_hex=True)
        except Fault as fault:
            event = self.event({'code': fault.code}, fault.data, offer['operation'], offer['attempt'])
            self.journal.add_result({'operation': offer['operation'], 'attempt': offer['attempt'], 'kind': 'event', 'content': {'code': fault.code},
                                     'data': event['data']})
            self.journal.save()
            self.manifest = own
            return
        self.log('overridden', operation=self.job['operation'], by=offer['operation'])
        self._clear_job()
        self.accept(offer)

    def accept(self, offer):
        self.state['job'] = {'type': offer['operationType'], 'operation': offer['operation'], 'attempt': offer['attempt'],
                             'envelope': base64.b64encode(bytes.fromhex(offer['envelope'])).decode(), 'hold': offer['installHold'],
                             'logWanted': offer['logWanted'], 'acceptedAt': now_ms(), 'phase': 'accepted', 'patch': offer.get('patch')}
        self.manifest = None
        if offer['operationType'] != 'firmware-update':
            self.take_command(offer)
            return
        try:
            self.judge_update(self.job['envelope'], needs_room=True)
        except Fault as fault:
            self.log('refused', code=fault.code, **fault.data)
            self.end({'code': fault.code}, fault.data)
            return
        self.step('downloading', phase='downloading', manifest=self.manifest)
        self.begin_download()

    def on_offer_again(self, offer):
        job = self.job
        if offer['attempt'] <= job['attempt']:
            is_other_patch = 'patch' in offer and offer['patch'] != job.get('patch') and offer['attempt'] == job['attempt']
            if is_other_patch and job['phase'] == 'downloading' and self.download.patch is None:
                job['patch'] = offer['patch']
                self.journal.save()
                self.after_index()
            return
        is_same = offer['envelope'] == base64.b64decode(job['envelope']).hex()
        if self.is_in_session() and not is_same:
            self._clear_job()
            self.accept(offer)
            return
        is_early = job['type'] != 'firmware-update' or job['phase'] in ('downloading', 'verifying', 'awaiting')
        if not is_same or not is_early:
            self.refuse_offer(offer['operation'])
            return
        job.update(attempt=offer['attempt'], hold=offer['installHold'], logWanted=offer['logWanted'], go=False)
        if job['type'] != 'firmware-update':
            if self.report is not None:
                self.report['attempt'] = offer['attempt']
            self.journal.save()
            return
        self.leave_session()
        step = {'downloading': 'downloading', 'verifying': 'verifying', 'awaiting': 'awaiting-install'}[job['phase']]
        if job['phase'] == 'awaiting' and not self.is_held():
            self.go(offer['attempt'])
        else:
            self.step(step, self.session_data() if step == 'awaiting-install' else self.transfer())

    def refuse_offer(self, operation):
        self.log('busy', operation=operation)
        self.publish_progress({'refused_operation_id': operation})

    def tell_result(self, result):
        if result['kind'] == 'hello':
            self.hello_wanted = True
            return
        if any(one['operation'] == result['operation'] for one in self.state['outbox']):
            return
        event = {'operation': result['operation'], 'attempt': result['attempt'], 'time': now_ms(), **result['content'], 'data': result['data'],
                 **{name: result[name] for name in ('component', 'version', 'digest') if name in result}}
        self.journal.add_event(event)
        self.journal.save()

    def on_withdraw(self, message):
        operation, job = message['operation'], self.job
        if job is not None and job['operation'] == operation:
            if job['type'] == 'firmware-update' and job['phase'] in ('downloading', 'verifying', 'awaiting'):
                paths = self.paths()
                self.end({'step': 'withdrawn'})
                self._drop(*(paths[name] for name in BROUGHT))
            return
        result = self.journal.result_of(operation)
        if result is not None:
            self.tell_result(result)
        elif not any(one['operation'] == operation for one in self.state['outbox']) and len(self.state['outbox']) < OUTBOX_MAX:
            self.journal.add_event({'operation': operation, 'attempt': None, 'time': now_ms(), 'step': 'withdrawn', 'data': {}})
            self.journal.save()

    def on_proceed(self, message):
        job = self.job
        if job is None or job['operation'] != message['operation'] or job['phase'] not in ('downloading', 'verifying', 'awaiting'):
            return
        if message['attempt'] < job['attempt'] or job['type'] != 'firmware-update':
            return
        if job['phase'] == 'awaiting':
            self.leave_session()
            self.go(message['attempt'])
        elif self.is_in_session():
            # Go on alone; install when verified.
            job['go'] = True
            self.leave_session()
            self.journal.save()
