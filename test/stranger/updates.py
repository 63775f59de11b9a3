"""An update from its manifest to the hello of the new image (sections 9 to 12)."""

import base64
import errno
import os
import shutil
import signal
import subprocess

import patches
from download import Download, hash_file
from journal import sync_folder
from settings import paths_of
from trust import Fault, judge_manifest, judge_state, read_metadata


BROUGHT = ('candidate', 'candidateIndex', 'payload', 'payloadIndex')


class Updates:
    """What a Device does with an update under way; `job` in the journal has it, `manifest` and `download` are its present form."""

    def judge_update(self, envelope, needs_room, is_hex=False):
        manifest = judge_manifest(bytes.fromhex(envelope) if is_hex else base64.b64decode(envelope), self.own())
        # An event of a refusal names the component it was meant for, when it is one of ours.
        self.manifest = manifest
        judge_state(manifest, self.components())
        if needs_room:
            self.judge_room(manifest)

    def judge_room(self, manifest):
        memory = manifest['chunkIndexSize'] + self.settings['windowBytes']
        if manifest['format'] == 'delta-zstd':
            memory += patches.memory_of(read_metadata('delta-zstd', bytes.fromhex(manifest['metadata'])))
        if memory > self.settings['memoryBytesMax']:
            raise Fault(34, field='memory', expected=memory, actual=self.settings['memoryBytesMax'])
        paths = paths_of(self.settings['components'][manifest['component']])
        held = 0
        for name in BROUGHT:
            path = paths[name]
            try:
                held += os.stat(path).st_blocks * 512
            except OSError:
                pass
        room = shutil.disk_usage(os.path.dirname(paths['installed'])).free + held
        if self.settings['storageBytesMax'] is not None:
            room = min(room, self.settings['storageBytesMax'])
        needed = manifest['payloadSize'] + manifest['chunkIndexSize'] + (manifest['installedSize'] if manifest['format'] != 'raw' else 0)
        if needed > room:
            raise Fault(33, field='storage', expected=f'{needed} bytes', actual=f'{room} bytes')

    def begin_download(self):
        paths = self.paths()
        if self.is_delta():
            paths = {**paths, 'candidate': paths['payload'], 'candidateIndex': paths['payloadIndex']}
        self.download = Download(self.manifest, paths, self.settings['windowBytes'], self.log)
        self.work(self.download.begin)
        self.after_index()
        self.after_chunks()

    def is_delta(self):
        return self.manifest['format'] == 'delta-zstd'

    def after_index(self):
        """The index has come and it is known what is missing: looks whether an offered patch is worth it."""
        offered, download = self.job.get('patch') if self.job is not None else None, self.download
        if offered is None or download is None or download.index is None or download.patch is not None or self.zstd is None:
            return
        record = self.state['components'][self.manifest['component']]
        missing = sum(download.index['chunks'][number]['length'] for number in download.missing)
        is_worth = (self.manifest['format'] == 'raw' and offered['base'] == record['digest'] and offered['metadata']['baseSize'] == record['size']
                    and patches.memory_of(offered['metadata']) <= (self.settings['patchMemoryBytes'] or 0)
                    and offered['patchBytes'] <= missing and not self.is_in_session())
        # It is looked at once a run: whoever left a patch does not take it up again before the next start.
        if offered is not self.patch_seen:
            self.patch_seen = offered
            self.log('patch', isUsed=is_worth, patchBytes=offered['patchBytes'], missingBytes=missing)
            if is_worth:
                download.use_patch(offered, self.zstd, record['size'])

    def work(self, action, *arguments):
        """Does what may fail for good; True or False as `action` says, None when the job is over now."""
        try:
            return action(*arguments)
        except Fault as fault:
            self.fail(fault)
        except OSError as error:
            self.disk_failed(error, 'write')
        except MemoryError:
            self.fail(Fault(34, reason='allocation'))
        return None

    def after_chunks(self):
        if self.download is not None and self.download.is_whole():
            self.work(self.download.finish)
            if self.download is not None:
                self.log('download-completed', **self.transfer())
                self.step('verifying', self.transfer(), phase='verifying', bytes=self.transfer())
                self.download.close()
                self.download = None
                self.verify()

    def transfer(self):
        if self.download is None:
            return self.job.get('bytes', {})
        d = self.download
        return {'held_bytes': d.held, 'received_bytes': d.received, 'wire_bytes': d.wire, 
                **({'broadcast_bytes': d.broadcast} if d.broadcast else {}),
                **({'patch_bytes': d.patched, 'patch_wire_bytes': d.patch_wire} if d.patch_wire else {})}

    def verify(self):
        """Hashes the candidate; then waits, or installs."""
        if self.is_delta() and not self._patch_is_applied():
            return
        if not self._candidate_is_right():
            return
        if self.is_held():
            self.step('awaiting-install', self.session_data(), phase='awaiting')
        else:
            self.install()

    def is_held(self):
        """True while a go or an activation is awaited."""
        job = self.job
        return not job.get('go', False) and (job['hold'] or self.is_in_session())

    def _candidate_is_right(self):
        path, wanted = self.paths()['candidate'], self.manifest['installedSha256']
        try:
            digest, size = hash_file(path)
        except FileNotFoundError:
            self.fail(Fault(44, field='candidate', reason='absent'))
            return False
        except OSError as error:
            self.disk_failed(error, 'read')
            return False
        if size != self.manifest['installedSize']:
            is_short = size < self.manifest['installedSize']
            self.fail(Fault(36, errno='SHORT', reason='read', actual=size) if is_short else Fault(41, reason='more-bytes', actual=size))
            return False
        if digest != wanted:
            self.fail(Fault(26, reason='image', expected=wanted, actual=digest))
            return False
        return True

    def _patch_is_applied(self):
        """Makes the candidate of a delta payload; what was begun before a cut begins anew."""
        paths, manifest = self.paths(), self.manifest
        record = self.state['components'][manifest['component']]
        try:
            try:
                metadata = read_metadata('delta-zstd', bytes.fromhex(manifest['metadata']))
                patches.apply_patch(self.zstd, paths['payload'], paths['installed'], record['size'], metadata, manifest['installedSize'],
                                    paths['candidate'], os.fsync)
            except Fault as fault:
                # Before the patch is blamed: is it the patch, and is it the image it was made for?
                payload, installed = hash_file(paths['payload'])[0], hash_file(paths['installed'])[0]
                if payload != manifest['payloadSha256']:
                    fault = Fault(26, reason='payload', expected=manifest['payloadSha256'], actual=payload)
                elif installed != manifest['precursorSha256']:
                    fault = Fault(32, reason='image-changed', expected=manifest['precursorSha256'], actual=installed)
                self.fail(fault)
                return False
        except FileNotFoundError:
            self.fail(Fault(44, field='candidate', reason='absent'))
            return False
        except OSError as error:
            self.disk_failed(error, 'apply')
            return False
        self._drop(paths['candidateIndex'])
        return True

    def go(self, attempt):
        """Proceed or activation of what waits: judge and hash again, then install."""
        self.step('verifying', self.transfer(), phase='verifying', attempt=attempt, go=True)
        try:
            self.judge_update(self.job['envelope'], needs_room=False)
        except Fault as fault:
            self.fail(fault)
            return
        if self._candidate_is_right():
            self.install()

    def install(self):
        self.leave_session()
        self.step('installing', phase='installing')
        self.log('installing', component=self.manifest['component'], version=self.manifest['version'])
        try:
            self._swap()
        except OSError as error:
            try:
                self._put_back()
            except OSError:
                pass
            self.disk_failed(error, 'install')
            return
        self.installed()

    def _swap(self):
        """The candidate takes the place of the image; the image stays beside it until the end is known."""
        paths = self.paths()
        folder = os.path.dirname(paths['installed'])
        for one, other in (('installed', 'previous'), ('installedIndex', 'previousIndex')):
            self._drop(paths[other])
            if os.path.exists(paths[one]):
                os.link(paths[one], paths[other])
        sync_folder(folder)
        os.replace(paths['candidate'], paths['installed'])
        self._drop(paths['installedIndex'])
        if os.path.exists(paths['candidateIndex']):
            os.replace(paths['candidateIndex'], paths['installedIndex'])
        sync_folder(folder)

    def installed(self):
        """The new bytes are in their place, not yet believed."""
        if self.settings['components'][self.manifest['component']]['reboot']:
            self.step('rebooting', phase='trial', starts=0)
            self.restart_soon()
            return
        if hash_file(self.paths()['installed'])[0] != self.manifest['installedSha256']:
            self._put_back()
            self.fail(Fault(40, reason='digest'))
            return
        self.commit()
        self.end({'code': 'UPD2_OK_18'}, self.job.get('bytes', {}))
        self.hello_wanted = True

    def commit(self):
        paths = self.paths()
        record = self.state['components'][self.manifest['component']]
        counter = max(self.manifest['releaseCounter'], (record['committed'] or {'counter': 0})['counter'])
        record.update(version=self.manifest['version'], digest=self.manifest['installedSha256'], size=self.manifest['installedSize'],
                      committed={'counter': counter, 'digest': self.manifest['installedSha256']})
        self.journal.save()
        self.log('committed', component=self.manifest['component'], version=self.manifest['version'])
        self._drop(*(paths[name] for name in ('previous', 'previousIndex', *BROUGHT)))

    def _put_back(self):
        paths = self.paths()
        if os.path.exists(paths['previous']):
            os.replace(paths['previous'], paths['installed'])
            self._drop(paths['installedIndex'])
            if os.path.exists(paths['previousIndex']):
                os.replace(paths['previousIndex'], paths['installedIndex'])
            sync_folder(os.path.dirname(paths['installed']))
        record = self.state['components'][self.manifest['component']]
        record['digest'], record['size'] = hash_file(paths['installed'])

    def resume_install(self):
        """A start that finds an installation: goes on, takes back, or decides a trial."""
        job = self.job
        digest = self.state['components'][self.manifest['component']]['digest']
        is_new = digest == self.manifest['installedSha256']
        if job['phase'] == 'rolled-back':
            self.fail(Fault(40, **job['fault']))
        elif job['phase'] == 'installing':
            if is_new:
                self.installed()
            elif os.path.exists(self.paths()['candidate']):
                self.step('verifying', job.get('bytes', {}), phase='verifying')
                if self._candidate_is_right():
                    self.install()
            else:
                self._put_back()
                self.fail(Fault(40, reason='trial-lost', actual=digest))
        else:
            self.decide_trial(is_new, digest)

    def decide_trial(self, is_new, digest):
        job = self.job
        if job['starts'] >= self.settings['startsMax']:
            self.roll_back({'reason': 'starts-used-up'})
            return
        # The start is counted before anything of the new image is tried.
        self.step('confirming', phase='trial', starts=job['starts'] + 1)
        if not is_new:
            self.roll_back({'reason': 'digest', 'actual': digest})
            return
        reason = self.unhealthy()
        if reason is not None:
            self.roll_back({'reason': reason})
            return
        self.commit()
        self.end_with_hello()

    def unhealthy(self):
        if self.settings['health'] is None:
            return None
        try:
            code = subprocess.run(self.settings['health'], timeout=self.settings['healthSeconds'], stdin=subprocess.DEVNULL,
                                  stdout=subprocess.DEVNULL, env={**os.environ, 'DROVER_IMAGE': self.paths()['installed']}).returncode
        except subprocess.TimeoutExpired:
            return 'timeout'
        except OSError as error:
            return f'not-started-{errno.errorcode.get(error.errno, error.errno)}'
        if code == 0:
            return None
        return f'exit-{code}' if code > 0 else f'signal-{signal.Signals(-code).name}'

    def roll_back(self, fault):
        self.log('roll-back', **fault)
        self._put_back()
        self.job.update(phase='rolled-back', fault=fault)
        self.journal.save()
        self.restart_now()
