"""Broadcast sessions (section 11)."""

import time

import messages
from trust import Fault
from wire import Refused

SESSION_SILENCE_S, SESSION_BAD_MAX = 10.0, 4



class Sessions:
    """What a Device does in a session it was asked to join; `session` of the job has its name and what was heard."""

    def is_in_session(self):
        """True in a session that is not activated."""
        session = self.job.get('session') if self.job is not None else None
        return session is not None and session['heard'] != 'activate'

    def session_topics(self):
        return [f'drover/v1/broadcast/{self.job["session"]["name"]}/{name}' for name in ('control', 'data')]

    def session_data(self):
        return {'session': self.job['session']['name']} if self.is_in_session() else None

    def on_join(self, message):
        job = self.job
        is_wanted = (job is not None and job['operation'] == message['operation'] and job['attempt'] == message['attempt']
                     and job['type'] == 'firmware-update' and job['phase'] in ('downloading', 'verifying', 'awaiting'))
        if not self.settings['sessions'] or not is_wanted:
            self.log('ignored', operation=message['operation'], reason='session')
            return
        present = job.get('session')
        if present is not None and (present['name'] == message['session'] or not self.is_in_session()):
            return
        self.leave_session()
        job['session'] = {'name': message['session'], 'heard': None}
        self.journal.save()
        self.log('session', name=message['session'], word='join')
        self.session_heard_at, self.session_refused, self.session_bad = time.monotonic(), False, 0
        if self.download is not None:
            self.download.leave_patch('session')
        if self.is_subscribed:
            self.subscribe_session()
        if job['phase'] == 'awaiting':
            self.step('awaiting-install', self.session_data())

    def subscribe_session(self):
        control, data = self.session_topics()
        self.subscribing = self.link.subscribe([(control, 1), (data, 0)])

    def leave_session(self):
        """Out of the session of the job, if there is one; nobody is told. The caller saves."""
        if self.job is None or self.job.get('session') is None:
            return
        if self.is_subscribed:
            self.link.unsubscribe(self.session_topics())
        self.log('session', name=self.job['session']['name'], word='leave')
        self.job['session'] = None

    def is_resting(self):
        """True while the session serves: nothing but the index is asked for."""
        if not self.is_in_session() or self.session_refused or self.job['session']['heard'] == 'end' or self.session_bad >= SESSION_BAD_MAX:
            return False
        return time.monotonic() - self.session_heard_at < SESSION_SILENCE_S

    def on_word(self, payload):
        try:
            word = messages.session_control(payload)
        except Refused as refused:
            self.log('message-unreadable', topic='control', field=refused.path)
            return
        job, action = self.job, word['action']
        session = job['session']
        self.log('session', name=session['name'], word=action)
        self.session_heard_at = time.monotonic()
        if session['heard'] == 'activate':
            return
        is_whole = job['phase'] != 'downloading'
        if word['artifact'] != self.manifest['payloadSha256']:
            fault = {'reason': 'out-of-sequence', 'field': 'artifact', 'expected': self.manifest['payloadSha256'], 'actual': word['artifact']}
        elif action == 'abort':
            fault = {'reason': 'aborted', 'detail': word['reason']}
        elif action == 'end' and session['heard'] is None:
            fault = {'reason': 'out-of-sequence', 'expected': 'start', 'actual': 'end'}
        elif action == 'activate' and not is_whole:
            expected = {None: 'start', 'start': 'end', 'end': 'whole-image'}[session['heard']]
            fault = {'reason': 'out-of-sequence', 'expected': expected, 'actual': 'activate'}
        else:
            fault = None
        if fault is not None:
            self.fail(Fault(45, session=session['name'], **fault))
        elif action == 'activate':
            session['heard'] = 'activate'
            if job['phase'] == 'awaiting':
                self.go(job['attempt'])
            else:
                job['go'] = True
                self.journal.save()
        elif action == 'end' or session['heard'] is None:
            session['heard'] = action
            self.journal.save()

    def on_session_piece(self, payload):
        if self.download is None:
            return
        try:
            piece = messages.session_data(payload)
        except Refused as refused:
            self.log('message-unreadable', topic='data', field=refused.path)
            return
        received = self.download.received
        if self.work(self.download.hear, piece):
            self.session_heard_at = time.monotonic()
        elif self.download is not None and piece['chunk'] in self.download.missing:
            self.session_bad += 1
        if self.download is not None and self.download.received > received:
            self.session_bad = 0
        self.after_chunks()
