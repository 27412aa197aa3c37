/**
 * `npm test`: checks, then unit and golden tests, then lab tests on real hosts. `node test/run.js lint unit lab` runs only
 * the parts named. Ends with one line `N passed, N failed`; a check counts as one test. What failed, and what needed a second
 * try, is named above it.
 */
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

const root = path.resolve(import.meta.dirname, '..')
const bin = (name) => path.join(root, 'node_modules', '.bin', name)
const totals = { passed: 0, failed: 0, skipped: 0 }
const wrong = []
const again = []
const parts = { lint, unit, lab }

const labFiles = (names) => names.split(' ').map((name) => path.join('test/lab', `${name}.test.ts`))

/** Lab tests that take longest, and so begin first. */
const long = labFiles(
  'sweep harden people-faults people forecast guard rollback rhel9-people fleet grace proof factor boot people-refused people-by-hand sync-users last-administrator bad-input secret-store concurrency key-files harden-lockouts onboarding people-asked people-meanwhile',
)

/** What the guarantees rest on most: first where there is no time for all. */
const vital = labFiles('enable-mfa rollback guard boot proof any-password idempotence')

/** Arguments of mocha by the name of what is run, some at a time: the unit tests, and one lab file after the other. */
const queue = []
let workers = 3
/** No lab file is begun later than that (epoch seconds); those that are left are named, and count as skipped. */
const until = Number(process.env.BASTIONCTL_TEST_UNTIL ?? Infinity)
const left = []

const wanted = process.argv.slice(2)
const unknown = wanted.find((name) => !(name in parts))
if (unknown !== undefined) {
  console.error(`no part "${unknown}": there are ${Object.keys(parts).join(', ')}`)
  process.exit(3)
}
for (const [name, run] of Object.entries(parts)) if (wanted.length === 0 || wanted.includes(name)) await run()
await Promise.all(Array.from({ length: workers }, (_, n) => worker(n)))

for (const { title, why } of wrong) console.log(`\nfailed: ${title}\n${why.slice(0, 1000).replace(/^/gm, '    ')}`)
if (again.length > 0) console.log(`\n${again.length} needed a second try: ${again.join('; ')}`)
if (left.length > 0) console.log(`\nnot begun, since the time was over (BASTIONCTL_TEST_UNTIL): ${left.join(', ')}`)
const skipped = totals.skipped > 0 ? `, ${totals.skipped} skipped` : ''
console.log(`${again.length > 0 ? '' : '\n'}${totals.passed} passed, ${totals.failed} failed${skipped}`)
process.exitCode = totals.failed > 0 ? 1 : 0

async function lint() {
  console.log('checks')
  const scripts = [
    ...files('templates/host', '.sh'),
    ...files('test/golden', '.sh'),
    ...files('test/golden', '/sbin/bastionctl-mfa-enrol'),
  ]
  await Promise.all([
    check('typescript', bin('tsc'), ['--noEmit', '-p', '.']),
    check('eslint', bin('eslint'), ['.']),
    check('prettier', bin('prettier'), ['--check', '--log-level', 'warn', '.']),
    check('dependency-cruiser', bin('depcruise'), ['src', 'bin/run.js']),
    check('knip', bin('knip'), []),
    check('publint', bin('publint'), ['--strict']),
    check('shellcheck', 'shellcheck', ['-o', 'all', ...scripts]),
  ])
}

function unit() {
  const tests = files('test', '.test.ts').filter((name) => !name.startsWith('test/lab/'))
  queue.push(['unit and golden tests', tests])
}

async function lab() {
  const tests = files('test/lab', '.test.ts')
  const reason =
    process.platform !== 'linux' ? 'this is not Linux' : process.getuid() !== 0 ? 'this is not root' : undefined
  if (reason === undefined) {
    // Once more where one failed: a busy machine may be late, and mocha says which test needed it. What a failed test has left running
    // (--exit) is not waited for.
    const how = ['--timeout', '180000', '--retries', '1', '--exit']
    // Some virtual machines take three times as long as others to start a program, and then for all that a lab does: what is timed would be late.
    const slow = (await startTime()) > 1.5
    if (slow) {
      console.log('this machine is slow to start programs: one lab at a time with fewer hosts, the short files early')
      workers = 1
      process.env.BASTIONCTL_LAB_SLOW = 'yes'
      if (until < Infinity) process.env.BASTIONCTL_LAB_SAMPLE = '4'
    }
    const short = tests.filter((name) => !long.includes(name))
    const order = slow ? [...vital, ...short, ...long.toReversed()] : [...long, ...short]
    const sorted = [...new Set(order)].filter((name) => tests.includes(name))
    queue.push(...sorted.map((name) => [name, [...how, name]]))
    return
  }
  const outcome = process.env.CI === 'true' ? 'failed' : 'skipped'
  console.log(`\nlab tests: ${tests.length} files ${outcome}, since ${reason}`)
  totals[outcome] += tests.length
}

/** Takes one entry of the queue after the other, with a lab of its own, and shows what was said when it is through. */
async function worker(n) {
  const { BASTIONCTL_LAB = '/var/tmp/bastionctl-lab', BASTIONCTL_LAB_NET = '10.213.0' } = process.env
  const [first, second, third] = BASTIONCTL_LAB_NET.split('.').map(Number)
  const own = {
    BASTIONCTL_LAB: `${BASTIONCTL_LAB}-${n + 1}`,
    BASTIONCTL_LAB_NET: [first, second, (third + 1 + n) % 256].join('.'),
  }
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const [name, args] = next
    if (Date.now() / 1000 > until) {
      left.push(name)
      totals.skipped += 1
      continue
    }
    console.log(`  … ${name}`)
    const began = Date.now()
    const said = await mocha(args, { env: own })
    console.log(`\n${name}: ${Math.round((Date.now() - began) / 1000)} s\n${said}`)
  }
}

/** Milliseconds to start a program while others are started. */
async function startTime() {
  const began = Date.now()
  const many = Array.from({ length: 50 }, () => '/bin/true').join('; ')
  await Promise.all(Array.from({ length: 4 }, () => run('sh', ['-c', many])))
  return (Date.now() - began) / 200
}

/** Runs a tool; its output is shown if it fails. A tool that is not installed counts as skipped, in CI as failed. */
async function check(name, command, args) {
  const { code, output } = await run(command, args)
  const missing = code === 'ENOENT'
  const outcome = code === 0 ? 'passed' : missing && process.env.CI !== 'true' ? 'skipped' : 'failed'
  totals[outcome] += 1
  console.log(`  ${outcome === 'passed' ? '✔' : '✘'} ${name}${missing ? `: ${command} is not installed` : ''}`)
  if (outcome !== 'failed') return
  console.log(output.replace(/^/gm, '    '))
  wrong.push({ title: name, why: output })
}

/** Runs mocha for its output; its reporter leaves the numbers in a file. */
async function mocha(args, { env }) {
  const folder = mkdtempSync(path.join(tmpdir(), 'bastionctl-test-'))
  const counts = path.join(folder, 'counts.json')
  const reporter = ['--reporter', path.join(root, 'test', 'counting-reporter.cjs')]
  const { code, output } = await run(bin('mocha'), [...reporter, ...args], { ...env, COUNTS_FILE: counts })
  const found = existsSync(counts)
    ? JSON.parse(readFileSync(counts, 'utf8'))
    : { passed: 0, failed: 0, skipped: 0, wrong: [], again: [] }
  rmSync(folder, { recursive: true })
  // Mocha itself may fail where no test did: a file that cannot be loaded, a crash, an empty selection.
  if (code !== 0 && found.failed === 0) {
    found.failed = 1
    found.wrong.push({ title: args.join(' '), why: output.slice(-1000) })
  }
  wrong.push(...found.wrong)
  for (const name of Object.keys(totals)) totals[name] += found[name]
  again.push(...found.again)
  return output
}

function run(command, args, env = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, env: { ...process.env, ...env }, stdio: 'pipe' })
    let output = ''
    child.stdout.on('data', (chunk) => (output += chunk))
    child.stderr.on('data', (chunk) => (output += chunk))
    child.on('error', (error) => resolve({ code: error.code, output: error.message }))
    child.on('close', (code) => resolve({ code: code ?? 1, output }))
  })
}

function files(folder, ending) {
  const found = readdirSync(path.join(root, folder), { recursive: true })
  return found
    .filter((name) => name.endsWith(ending))
    .map((name) => path.join(folder, name))
    .sort()
}
