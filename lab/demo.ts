/** `npm run demo`: the main job on three real hosts, told in plain words. In a lab of its own, beside one that may be up. */
import { mkdtempSync, rmSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import path from 'node:path'
import { enrolOnTerminal } from './demo/enrol.js'
import { keyAlone, keyAndCode, makePerson, type Person } from './demo/people.js'
import { bastionctl, lookAround } from './demo/program.js'
import { chapter, done, say, tell } from './demo/tell.js'
import { down, labDir, LabError, status, up } from './hosts/index.js'
import { besideLab } from './hosts/places.js'

const keep = process.argv.includes('--keep')
Object.assign(process.env, besideLab('demo', 16))
/** Whoever goes on by hand has to name this lab. */
const ours = ['BASTIONCTL_LAB', 'BASTIONCTL_LAB_NET'].map((name) => `${name}=${process.env[name] ?? ''}`).join(' ')
const home = mkdtempSync(path.join(tmpdir(), 'bastionctl-demo-'))

/** What is up is somebody's, a `--keep` of before or a demo under way: it is neither made new nor taken away. */
function refuseAnother(): void {
  if (status()?.hosts.some(({ leader }) => leader !== undefined) !== true) return
  throw new LabError(
    `the lab of a demo is up already in ${labDir()}`,
    `go on with it, or take it away:\n${ours} npm run lab -- down`,
  )
}

async function main(): Promise<void> {
  chapter('Three hosts, as a team would have them on EC2')
  // What a demo that was killed has left would be taken for new hosts.
  await down()
  const before = Date.now()
  const { hosts } = await up({ say })
  const names = hosts.map(({ name }) => name)
  for (const host of hosts) tell(`${host.name}  ${host.address}  ${host.id}  ${await lookAround(host.name)}`)
  tell(
    `They are real systems with their own systemd, sshd and PAM, booted in ${seconds(before)}. AWS is a program on loopback that`,
  )
  tell('speaks EC2 and Systems Manager; bastionctl reaches the hosts through the AWS SDK and knows nothing of this.')

  const ada = await makePerson(home, names, 'ada')
  const deploy = await makePerson(home, names, 'deploy', 'robots')
  chapter('Today a key is enough')
  for (const name of names) {
    await show(`ada on ${name}, on a terminal, with her key alone`, keyAlone(name, ada), true)
    await show(`deploy on ${name}, a program, with its key alone`, keyAlone(name, deploy, false), true)
  }

  chapter('A second factor for every host tagged Role=bastion? Not yet: it would lock a program out')
  await bastionctl(home, 7, 'enable-mfa', '--tag', 'Role=bastion', '--yes', '--confirm', 'auto')
  tell('Nothing was changed. deploy belongs to the group robots: exempt that.')

  chapter('Put the second factor in front of sshd, with robots exempt')
  await bastionctl(
    home,
    0,
    'enable-mfa',
    '--tag',
    'Role=bastion',
    '--exempt-group',
    'robots',
    '--yes',
    '--confirm',
    'auto',
  )
  tell(
    'Each host has rehearsed the logins in a private view before a file was touched, armed a guard that would have put',
  )
  tell('everything back by itself, and proved by real logins with a throw-away account that the factor is asked for.')

  chapter('ada logs in on a terminal for the first time and is made to enrol')
  const code = await enrolOnTerminal('deb12', ada)
  await loginsOf(ada, 'deb12', code)
  await show('deploy, exempt, with its key alone', keyAlone('deb12', deploy, false), true)

  chapter('Who stands where')
  await bastionctl(home, 0, 'status', '--tag', 'Name=deb12')

  if (keep) {
    goOn(names)
    return
  }
  chapter('And back again')
  await bastionctl(home, 0, 'rollback', '--tag', 'Role=bastion', '--yes')
  for (const name of names) await show(`ada's key alone on ${name}`, keyAlone(name, ada), true)
}

async function loginsOf(person: Person, host: string, code: () => Promise<string>): Promise<void> {
  chapter('Key and code get in; the key alone does not')
  await show(`${person.name}'s key alone on ${host}`, keyAlone(host, person), false)
  await show('key and a wrong code', keyAndCode(host, person, '000000'), false)
  const right = await code()
  await show('key and the code of the app', keyAndCode(host, person, right), true)
  await show('the same code once more', keyAndCode(host, person, right), false)
}

/** What is not as it should be ends the demo with an error: it is a check too. */
async function show(what: string, attempt: Promise<boolean>, expected: boolean): Promise<void> {
  const got = await attempt
  tell(`${got ? 'gets in ' : 'refused '}  ${what}`)
  if (got !== expected) throw new LabError(`expected ${expected ? 'a login' : 'a refusal'}: ${what}`)
}

function goOn(names: readonly string[]): void {
  chapter('The lab stays up')
  tell(`export ${ours}`)
  tell('eval "$(npm run -s lab -- env)"                  # AWS settings of the lab, for this shell')
  tell('node bin/run.js status --tag Role=bastion')
  tell(`npm run lab -- ssh ${names[0] ?? 'deb11'}                        # as admin, with sudo`)
  tell('node bin/run.js who --tag Role=bastion')
  tell('node bin/run.js rollback --tag Role=bastion')
  tell("# A change of your own needs the lab's key for its safety session:")
  tell('node bin/run.js harden --tag Role=bastion --level baseline --ssh-user admin --accept-lockout admin \\')
  tell('  --ssh-option IdentityFile=$BASTIONCTL_LAB_KEY --ssh-option UserKnownHostsFile=$BASTIONCTL_LAB/known_hosts')
  tell('npm run lab -- down                              # leaves nothing but the image cache')
}

function seconds(since: number): string {
  return `${((Date.now() - since) / 1000).toFixed(1)} s`
}

let code: number | undefined

/** Whoever ends the demo early wants no hosts that go on: their end is the lab's, once what makes or breaks hosts is through (its lock). */
const ended = new Promise<never>((_, reject) => {
  // Not once: signal-exit, which execa brings, ends the process itself where it finds no other listener left.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => {
      code = 128 + constants.signals[signal]
      reject(new LabError(`ended by ${signal}: the lab is taken down`))
    })
})
try {
  refuseAnother()
  try {
    await Promise.race([main(), ended])
  } finally {
    if (!keep || code !== undefined) await down()
  }
  done(keep ? 'demo finished' : 'demo finished; the lab is gone')
} catch (error) {
  console.error(error instanceof LabError ? [`demo: ${error.message}`, error.hint ?? []].flat().join('\n') : error)
  if (keep && status() !== undefined) console.error(`the lab is still up; take it away:\n${ours} npm run lab -- down`)
  code ??= 1
} finally {
  rmSync(home, { recursive: true, force: true })
}
// What was under way when a signal came is not waited for.
process.exit(code)
