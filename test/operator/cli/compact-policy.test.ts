// The short forms of a policy: what they say, and what they may not say.
import t from 'tap'
import {
  abortOf,
  concurrencyOf,
  prerequisiteOf,
  rateOf,
  wavesOf,
  windowOf,
} from '../../../operator/cli/compact-policy.ts'

function says(parse: (text: string) => unknown, rows: readonly (readonly [text: string, meaning: unknown])[]): void {
  for (const [text, meaning] of rows) t.same(parse(text), meaning, text)
}
function refuses(parse: (text: string) => unknown, texts: readonly string[]): void {
  for (const text of texts) t.throws(() => parse(text), RangeError, text)
}

t.test('waves have a size, and what decides over each of them', async () => {
  says(wavesOf, [
    ['5', [{ size: 5 }]],
    [
      '1%:95/5,10%:95/5:soak=30,100%',
      [
        { size: '1%', successPercent: 95, errorPercent: 5 },
        { size: '10%', successPercent: 95, errorPercent: 5, soakMinutes: 30 },
        { size: '100%' },
      ],
    ],
    ['10:99.5', [{ size: 10, successPercent: 99.5 }]],
    ['10:soak=0:min=3:pause, 50%', [{ size: 10, soakMinutes: 0, minExecuted: 3, onSuccess: 'pause' }, { size: '50%' }]],
  ])
  refuses(wavesOf, [
    '',
    '0',
    '0%',
    '101%',
    '5,',
    '5:',
    '5:soak',
    '5:soak=-1',
    '5:95/',
    '5:next',
    '5%%',
    '1e3',
    '5:min=x',
  ])
})

t.test('concurrency is a number, a share, or the smaller of the two', async () => {
  says(concurrencyOf, [
    ['500', 500],
    ['25%', '25%'],
    ['500/25%', { count: 500, percent: 25 }],
    ['100000', 100_000],
  ])
  refuses(concurrencyOf, ['0', '0%', '101%', '100001', '25%/500', '500/25', '500/25%/1', '-5', '1.5', ''])
})

t.test('a rule of abort has failures, a share, an action', async () => {
  says(abortOf, [
    ['FAIL:10%:stop', { match: 'FAIL', percent: 10, action: 'stop' }],
    ['ALL:0%:pause:min=20', { match: 'ALL', percent: 0, action: 'pause', minExecuted: 20 }],
    ['security:0.5%:pause:first-wave', { match: 'security', percent: 0.5, action: 'pause', firstWaveOnly: true }],
    ['UPD4_FAIL_40:1%:stop', { match: ['UPD4_FAIL_40'], percent: 1, action: 'stop' }],
    [
      'UPD4_FAIL_40+SYS_111:5%:rollback=app@2.0.1:min=3:first-wave',
      {
        match: ['UPD4_FAIL_40', 'SYS_111'],
        percent: 5,
        action: { rollback: 'app@2.0.1' },
        minExecuted: 3,
        firstWaveOnly: true,
      },
    ],
  ])
  refuses(abortOf, [
    '',
    'FAIL',
    'FAIL:10',
    'FAIL:10%',
    'FAIL:10%:halt',
    'FAIL:10%:rollback=',
    ':10%:stop',
    'FAIL:10%:stop:often',
    'UPD4_FAIL_40+NOT_A_CODE:1%:stop',
  ])
})

t.test('a rate is a number of hand-overs a minute, and may ramp up to it', async () => {
  says(rateOf, [
    ['100', { maximumPerMinute: 100 }],
    [
      '1000:50x1.5/succeeded=200',
      {
        maximumPerMinute: 1000,
        exponential: { basePerMinute: 50, factor: 1.5, criterion: { kind: 'succeeded', count: 200 } },
      },
    ],
  ])
  refuses(rateOf, ['0', '', 'fast', '100:', '100:50', '100:50x2', '100:50x2/ended=3', '100:50x2/notified=3:4'])
})

t.test('a window is a cron expression, minutes and a zone, whatever slashes they have themselves', async () => {
  says(windowOf, [
    ['0 22 * * 1-5/480/Europe/Berlin', { cron: '0 22 * * 1-5', minutes: 480, timeZone: 'Europe/Berlin' }],
    ['*/15 * * * */2/60/UTC', { cron: '*/15 * * * */2', minutes: 60, timeZone: 'UTC' }],
    [
      '0 1 * * SUN/90/America/Argentina/Ushuaia',
      { cron: '0 1 * * SUN', minutes: 90, timeZone: 'America/Argentina/Ushuaia' },
    ],
  ])
  refuses(windowOf, [
    '',
    '0 22 * * */Europe/Berlin',
    '0 22 * */60/UTC',
    '0 22 * * 1-5/480',
    '0 22 * * 1-5 7/480/UTC',
    '0 22 * * 1/x/UTC',
  ])
})

t.test('a prerequisite is a component and its least version', async () => {
  says(prerequisiteOf, [['main@1.4.0', { component: 'main', versionLeast: '1.4.0' }]])
  refuses(prerequisiteOf, ['main', 'main@1.4', '@1.4.0', 'a b@1.4.0'])
})
