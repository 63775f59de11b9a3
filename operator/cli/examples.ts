// Lines that can be typed, for every level of --help. test/operator/cli/help.test.ts parses each of them, so that none of them
// can teach what does not exist.

/** A command line and, in a few words, what it is for. */
export type Example = readonly [line: string, purpose: string]

const operationId = '01hxyz3v7q8r9s0t1u2v3w4x5y'

/** By the words of the command; '' is `drover` alone. */
export const examples: Readonly<Record<string, readonly Example[]>> = {
  '': [
    ['drover init', 'once: broker, token, ids and signing keys'],
    ['drover artifact create --image fw.bin --component firmware --version 2.0.0 --out fw.bundle', 'sign an image'],
    ['drover artifact upload fw.bundle', 'bring it to the broker'],
    ['drover operation start --release firmware@2.0.0 --all --concurrency 5% --wait', 'roll it out, and watch'],
  ],
  init: [
    ['drover init', 'for a broker that npm start has started in this folder'],
    ['drover init --data-dir /var/lib/drover', 'its first token is in that folder'],
    ['drover init --url https://drover.example:8443 --ca ca.pem --token-file my.token --no-keys', 'for a colleague'],
    ['drover init --token-file new.token --force token', 'another token, everything else as it is'],
  ],
  keys: [['drover keys create --out keys', 'without init, in a folder of your own']],
  'keys create': [
    ['drover keys create --out keys', 'root, release and operations key, and the trust document'],
    ['drover keys create --out keys --passphrase-file phrase.txt', 'root and release key encrypted'],
    ['drover keys create --out keys --algorithm p256 --trust-expires 365d', 'P-256, good for a year'],
  ],
  'keys show': [
    [
      'drover keys show --signer "./signer-pkcs11.sh 01" --try --out release.pub',
      'a key in a token, tried and written down',
    ],
    ['drover keys show --key release.pem', 'of a key file'],
  ],
  trust: [
    [
      'drover trust next --from trust.bin --role release=1:release-2.pem --key root.pem --out trust-2.bin',
      'another release key',
    ],
    ['drover trust show trust-2.bin', 'what devices will believe'],
  ],
  'trust create': [
    [
      'drover trust create --role root=1:root.pub --role release=1:release.pub --signer "./signer-pkcs11.sh 01" --out trust.bin',
      'keys in tokens only',
    ],
    [
      'drover trust create --role root=2:a.pub,b.pub --role release=1:r.pub --role operations=1:o.pem --key a.pem --out trust.bin',
      'b signs elsewhere, with trust sign',
    ],
  ],
  'trust next': [
    [
      'drover trust next --from trust.bin --role release=1:release-2.pem --new-epoch --key root.pem --out trust-2.bin',
      'after the release key was stolen',
    ],
    [
      'drover trust next --from trust.bin --role root=2:a.pem,b.pem,c.pem --key root.pem --key a.pem --out trust-2.bin',
      'another root, two of three; b signs elsewhere',
    ],
  ],
  'trust sign': [
    ['drover trust sign trust-2.bin --from trust.bin --key b.pem --out trust-2.bin', 'at another desk'],
    ['drover trust sign trust.bin --signer "./signer-pkcs11.sh 02" --out trust.bin', 'a first document'],
  ],
  'trust show': [['drover trust show trust-2.bin', 'versions, roles, and what is missing']],
  artifact: [
    ['drover artifact create --image fw.bin --component firmware --version 2.0.0 --out fw.bundle', 'sign'],
    ['drover artifact upload fw.bundle', 'bring it to the broker'],
  ],
  'artifact create': [
    [
      'drover artifact create --image fw.bin --component firmware --version 2.0.0 --out fw.bundle',
      'keys and ids of init',
    ],
    [
      'drover artifact create --image fw.bin --delta-from old.bin --component firmware --version 2.0.0 --out delta.bundle',
      'a signed patch for devices that have old.bin',
    ],
    [
      'drover artifact create --package kit.json --component kit --version 1.1.0 --key a.pem --key b.pem --out kit.bundle',
      'several components at once, signed by two keys',
    ],
    [
      'drover artifact create --image fw.bin --component firmware --version 2.0.0 --signer "./signer-pkcs11.sh 01" --out fw.bundle',
      'signed by a token',
    ],
  ],
  'artifact upload': [['drover artifact upload fw.bundle', 'answers with the release it has become']],
  releases: [['drover releases list', 'what can be installed']],
  'releases list': [['drover releases list --all --json', 'all of them, one JSON object a line']],
  'releases show': [['drover releases show firmware@2.0.0+0011223344556677', 'its manifests, sizes and digests']],
  fleet: [['drover fleet', 'versions as bars']],
  devices: [
    ['drover devices enroll sensor-1 sensor-2 --out-dir passwords', 'let two devices in'],
    ['drover devices list --filter "component=firmware&version__lt=2.0.0"', 'who is behind'],
    ['drover devices show sensor-1', 'what is known of one'],
    ['drover devices release sensor-1', 'out of its quarantine'],
    ['drover devices forget-report-key sensor-1', 'its storage was replaced, and with it its key'],
  ],
  'devices enroll': [
    ['drover devices enroll sensor-1 sensor-2 --out-dir passwords', 'a file with a password for each'],
    ['drover devices enroll hall --csr hall.csr --out hall.pem', 'a certificate in place of a password'],
  ],
  'devices list': [
    ['drover devices list --filter state=offline', 'who is away'],
    [
      'drover devices list --filter "group=berlin&component=firmware&version__lt=2.0.0" --all',
      'who is behind in Berlin',
    ],
    ['drover devices list --all --json', 'one JSON object a line, for other programs'],
  ],
  'devices operations': [['drover devices operations sensor-1', 'what became of it in each']],
  'devices tag': [['drover devices tag sensor-1 --add canary,hall --remove new', 'for --filter tag=canary']],
  'devices attribute': [['drover devices attribute sensor-1 site=oslo floor=', 'sets one, takes the other away']],
  'devices group': [['drover devices group sensor-1 berlin', 'or none, for no group']],
  'devices deregister': [['drover devices deregister sensor-1 --yes', 'in a script']],
  'devices secret': [['drover devices secret renew sensor-1 --out sensor-1.password', 'the old one is void at once']],
  operation: [
    ['drover operation start --release firmware@2.0.0 --all --concurrency 100 --wait', 'update everybody, and watch'],
    [`drover operation watch ${operationId}`, 'look on again'],
    [`drover operation errors ${operationId}`, 'why devices failed, and what to do'],
    [`drover operation export ${operationId} --out result.csv`, 'the result, a line a device'],
  ],
  'operation start': [
    ['drover operation start --release firmware@2.0.0 --device sensor-1 --wait', 'one device first'],
    [
      'drover operation start --release firmware@2.0.0 --all --waves 1%:95/5,10%:95/5:soak=30,100% --abort FAIL:10%:stop:min=20',
      'waves, and a brake',
    ],
    [
      'drover operation start --release firmware@2.0.0 --filter group=berlin --window "0 22 * * */480/Europe/Berlin"',
      'at night only',
    ],
    ['drover operation start --type config-change --merge-patch change.json --all --dry-run', 'whom would it touch?'],
    [
      'drover operation start --type command --command blink --all --signer "./signer-pkcs11.sh 01"',
      'signed by a token',
    ],
  ],
  'operation list': [
    ['drover operation list --limit 10', 'the newest ten'],
    ['drover operation list --status processing --type firmware-update', 'updates that run'],
    ['drover operation list --release firmware@2.0.0 --created-by anna --all --json', 'hers, for other programs'],
  ],
  'operation watch': [
    [`drover operation watch ${operationId}`, 'a bar, then the summary by code'],
    [`drover operation watch ${operationId} --json`, 'the state at each change'],
  ],
  'operation executions': [
    [`drover operation executions ${operationId} --result errors`, 'which devices failed'],
    [`drover operation executions ${operationId} --state pending`, 'whom it still waits for'],
  ],
  'operation explain': [[`drover operation explain ${operationId} sensor-1`, 'why does it not get it?']],
  'operation edit': [
    [`drover operation edit ${operationId} --concurrency 500 --rate none`, 'faster'],
    [`drover operation edit ${operationId} --bytes-per-second 1000000`, 'and less of the line'],
  ],
  'operation override': [
    [`drover operation override ${operationId} --reason "CVE, agreed with A."`, 'now, not at night'],
  ],
  'operation retry-failed': [
    [`drover operation retry-failed ${operationId} --wait`, 'once more, for those that failed'],
  ],
  'operation export': [[`drover operation export ${operationId} --out result.csv`, 'once it has ended']],
  backups: [[`drover backups get ${operationId} sensor-1 --out saved.json`, 'byte for byte as the device sent it']],
  events: [
    ['drover events list --device sensor-1', 'what happened to one device'],
    ['drover events list --code UPD4_FAIL_23 --all --json', 'all bad signatures'],
    ['drover events follow', 'as it happens'],
  ],
  'events list': [
    ['drover events list --device sensor-1 --limit 200', 'the newest 200'],
    [
      'drover events list --filter "event_type_description=FAIL&date_time__gte=20270101T000000Z"',
      'failures since then',
    ],
  ],
  'events follow': [['drover events follow --device sensor-1 --json', 'one JSON object an event']],
  audit: [
    ['drover audit list --limit 20', 'who did what'],
    ['drover audit export --out audit.jsonl', 'for your archive'],
    ['drover audit verify audit.jsonl --live', 'nothing changed, nothing missing'],
    ['drover audit status', 'what the broker finds by itself'],
  ],
  'audit verify': [
    ['drover audit verify audit.jsonl', 'whole in itself'],
    ['drover audit verify audit.jsonl --live', 'and part of the chain of the broker'],
  ],
  principals: [
    ['drover principals create anna --role operator --out anna.token', 'a colleague'],
    ['drover principals role anna approver', 'another role'],
    ['drover principals token renew anna --out anna.token', 'the old one is void at once'],
  ],
  'principals create': [['drover principals create night-shift --role operator --out night-shift.token', 'a service']],
  webhooks: [['drover webhooks create https://hooks.example/drover --out hook.key', 'be told when operations end']],
  'webhooks create': [
    ['drover webhooks create https://hooks.example/drover --events operation.completed --out hook.key', 'ends only'],
  ],
  completion: [
    ['source <(drover completion bash)', 'for this terminal; in ~/.bashrc for every one'],
    ['drover completion zsh > ~/.zfunc/_drover', 'zsh, with ~/.zfunc in its fpath'],
    ['drover completion fish > ~/.config/fish/completions/drover.fish', 'fish'],
  ],
}
