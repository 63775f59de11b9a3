"""Commands as jobs of a device: begun once, finished after a power cut (section 9, Commands)."""

import base64
import hashlib
import os
import subprocess
import threading

import commands
from journal import write_durably
from trust import Fault, judge_command



class Orders:
    """What a Device does with a command under way."""

    def take_command(self, offer):
        try:
            command = judge_command(bytes.fromhex(offer['envelope']), offer['operation'], offer['operationType'], self.own())
            kind = command['operationType']
            if kind in commands.TYPES:
                commands.judge_arguments(kind, command['arguments'])
        except Fault as fault:
            self.fail(fault)
            return
        if kind not in commands.TYPES:
            self.end({'step': 'failed'}, {'reason': 'unsupported'})
            return
        self.job.update(phase='carrying', arguments=command['arguments'])
        self.journal.save()
        self.carry_out(is_repeated=False)

    def carry_out(self, is_repeated):
        kind = self.job['type']
        try:
            if kind == 'reboot':
                self.step('rebooting', phase='rebooting')
                self.restart_soon()
            elif kind == 'command':
                self.run_program(is_repeated)
            elif self.settings['configuration'] is None:
                raise commands.Failed('unsupported')
            elif kind == 'config-backup':
                self.report_configuration()
            else:
                self.change_configuration()
        except commands.Failed as failed:
            self.end({'step': 'failed'}, failed.data)
        except Fault as fault:
            self.fail(fault)
        except OSError as error:
            self.disk_failed(error, 'configuration')

    def read_configuration(self):
        try:
            with open(self.settings['configuration'], 'rb') as file:
                content = file.read(commands.CONFIGURATION_BYTES_MAX + 1)
        except FileNotFoundError:
            raise commands.Failed('no-configuration') from None
        if len(content) > commands.CONFIGURATION_BYTES_MAX:
            raise commands.Failed('too-large')
        return content

    def report_configuration(self):
        content = self.read_configuration()
        digest = hashlib.sha256(content).digest()
        self.report = {'operation_id': self.job['operation'], 'attempt': self.job['attempt'], 'version': digest.hex(), 'sha256': digest,
                       'content': content}

    def change_configuration(self):
        job = self.job
        if 'after' not in job:
            before = self.read_configuration()
            after = commands.planned(job['type'], job['arguments'], before)
            self.check_configuration(after)
            job.update(before=hashlib.sha256(before).hexdigest(), after=base64.b64encode(after).decode(), told=commands.difference(before, after))
            self.journal.save()
        after = base64.b64decode(job['after'])
        present, wanted = hashlib.sha256(self.read_configuration()).hexdigest(), hashlib.sha256(after).hexdigest()
        if present == job['before'] and present != wanted:
            write_durably(self.settings['configuration'], after)
        elif present != wanted:
            raise commands.Failed('changed-meanwhile')
        if hashlib.sha256(self.read_configuration()).hexdigest() != wanted:
            raise commands.Failed('changed-meanwhile')
        self.end({'step': 'done'}, {'configuration_digest': wanted, **job['told']})

    def check_configuration(self, content):
        """The device's own last word, a program that is given the file."""
        if self.settings['configurationCheck'] is None:
            return
        candidate = self.settings['configuration'] + '.candidate'
        write_durably(candidate, content)
        try:
            code = subprocess.run(self.settings['configurationCheck'], timeout=30, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                  env={**os.environ, 'DROVER_CANDIDATE': candidate}).returncode
        except (OSError, subprocess.TimeoutExpired) as error:
            raise Fault(37, reason=type(error).__name__) from None
        finally:
            self._drop(candidate)
        if code != 0:
            raise Fault(37, reason=f'exit-{code}')

    def run_program(self, is_repeated):
        job = dict(self.job)

        def run():
            try:
                content = 'done'
                data = commands.run_program(self.settings['programs'], job['arguments'], job['operation'], job['attempt'], is_repeated,
                                            self.settings['programSeconds'])
            except commands.Failed as failed:
                content, data = 'failed', failed.data
            self.inbox.put((None, 'program', (job['operation'], content, data)))

        self.program = threading.Thread(target=run, daemon=True)
        self.program.start()

    def resume_command(self):
        job = self.job
        if job['phase'] == 'rebooting':
            self.end_with_hello()
            return
        is_repeated = job['phase'] == 'carrying'
        try:
            # What was changed already is done, whatever the clock or the keys say now.
            if not (is_repeated and 'after' in job):
                command = judge_command(base64.b64decode(job['envelope']), job['operation'], job['type'], self.own())
                job.update(phase='carrying', arguments=command['arguments'])
            self.carry_out(is_repeated)
        except Fault as fault:
            self.fail(fault)
