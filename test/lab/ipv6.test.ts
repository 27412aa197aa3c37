/** Hosts whose sshd listens on IPv6 alone: the proof goes through ::1, which has no addresses beside it. */
import { expect } from 'chai'
import { bastionctl, type Finished, must, sampled, useLab } from './harness.js'
import { onHosts } from './support/everywhere.js'
import { lineOf, only, succeeded, unattended } from './support/operator.js'
import { difference, state } from './support/snapshot.js'

const hosts = sampled('deb11', 'deb13')
const { everywhere } = onHosts(hosts)
const harden = (host: string, level: 'baseline' | 'stock'): Promise<Finished> =>
  bastionctl('harden', ...only(host), '--level', level, ...unattended)
const listen = (host: string, ...lines: string[]): Promise<string> =>
  must(
    host,
    'cat >/etc/ssh/sshd_config.d/60-theirs.conf && systemctl restart ssh && ! ss -Hltn4 "sport = 22" | grep .',
    `${lines.join('\n')}\n`,
  )

describe('an sshd that listens on IPv6 alone', function () {
  this.timeout('3m')
  useLab(hosts.map((name) => ({ name, factor: true })))

  for (const line of ['AddressFamily inet6', 'ListenAddress ::1'])
    everywhere(`by ${line}: a change is proven through it, and taken back`, async (host) => {
      await listen(host, line, ...(host === 'deb13' ? ['PerSourcePenaltyExemptList ::1'] : []))
      const before = await state(host)
      expect(lineOf(host, await harden(host, 'baseline'))).to.match(/ \| confirmed$/)
      expect(await must(host, 'sshd -T | grep -ix "x11forwarding no"')).to.equal('x11forwarding no\n')
      expect(succeeded(await harden(host, 'stock'))).to.match(/ confirmed/)
      expect(difference(before, await state(host))).to.deep.equal([])
    })

  it('and punishes addresses is refused beforehand, with what helps', async function () {
    if (!hosts.includes('deb13')) this.skip()
    await listen('deb13', 'AddressFamily inet6')
    const { stderr, exitCode } = await harden('deb13', 'baseline')
    expect(stderr).to.match(/listens on IPv6 alone, and PerSourcePenalties .*PerSourcePenaltyExemptList ::1/)
    expect(exitCode).to.equal(5)
  })
})
