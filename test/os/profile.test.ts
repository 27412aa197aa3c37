import { expect } from 'chai'
import { profileFor } from '../../src/os/index.js'
import { readPam } from '../../src/render/pam.js'
import { distros, stockFacts, type Distro } from '../features/facts.js'

const os = (id: string, versionId: string, prettyName = '') => ({
  os: { id, versionId, prettyName, idLike: ['debian'] },
})

describe('the supported list', () => {
  for (const [id, version, name] of [
    ['debian', '11', 'Debian 11'],
    ['debian', '13', 'Debian 13'],
    ['ubuntu', '22.04', 'Ubuntu 22.04'],
    ['ubuntu', '26.04', 'Ubuntu 26.04'],
    ['amzn', '2023', 'Amazon Linux 2023'],
    ['rhel', '8.10', 'RHEL 8'],
    ['rocky', '9.6', 'Rocky Linux 9'],
    ['almalinux', '10.1', 'AlmaLinux 10'],
  ] as const) {
    it(`knows ${id} ${version}`, () => {
      expect(profileFor(os(id, version))).to.include({ name })
    })
  }

  for (const [id, version, reason] of [
    ['amzn', '2', 'is past its end of support'],
    ['ubuntu', '20.04', 'is past its end of support'],
    ['ubuntu', '25.10', 'is past its end of support'],
    ['debian', '10', 'is past its end of support'],
    ['centos', '7', 'is past its end of support'],
    ['centos', '10', 'is not on the supported list'],
    ['ubuntu', '22', 'is not on the supported list'],
    ['ubuntu', '22.04.1', 'is not on the supported list'],
    ['debian', '110', 'is not on the supported list'],
    ['linuxmint', '22', 'is not on the supported list'],
    ['debian', '', 'is not on the supported list'],
    ['rhel', '11.0', 'is not on the supported list'],
  ] as const) {
    it(`refuses ${id} "${version}", whatever it is like: ${reason}`, () => {
      expect(() => profileFor(os(id, version)))
        .to.throw(reason)
        .with.property('exit', 'host-unfit')
    })
  }

  it('names the host as it names itself', () => {
    expect(() => profileFor(os('amzn', '2', 'Amazon Linux 2'))).to.throw(/^Amazon Linux 2 is past its end of support$/)
  })
})

describe('a distribution', () => {
  for (const name of Object.keys(distros) as Distro[]) {
    it(`${name}: knows the line of its own pam.d/sshd that asks for the password, and only that`, () => {
      const facts = stockFacts(name)
      const profile = profileFor(facts)
      const lines = readPam(facts.files.find(({ path }) => path === '/etc/pam.d/sshd')?.content ?? '', 'x')
      expect(lines.filter((line) => profile.asksPassword(line)).map(({ text }) => text)).to.deep.equal([
        profile.passwordLine,
      ])
    })
  }

  it('names the archive that PAM modules come from', () => {
    const archive = (id: string, version: string) => profileFor(os(id, version)).archive
    expect(archive('debian', '12')).to.equal('debian')
    expect(archive('ubuntu', '24.04')).to.equal('ubuntu')
    expect(archive('rocky', '9.1')).to.equal('epel')
    expect(archive('amzn', '2023')).to.equal('amazon')
  })

  it('knows whose login reads /etc/profile.d: zsh does on RHEL, not on Debian', () => {
    expect(profileFor(os('debian', '12')).readsProfile('/usr/bin/zsh')).to.equal(false)
    expect(profileFor(os('rhel', '9')).readsProfile('/bin/zsh')).to.equal(true)
    expect(profileFor(os('debian', '12')).readsProfile('/bin/bash')).to.equal(true)
    expect(profileFor(os('rhel', '9')).readsProfile('/usr/bin/fish')).to.equal(false)
  })

  it('says where sftp-server is', () => {
    expect(profileFor(os('rhel', '8')).sftpServer).to.equal('/usr/libexec/openssh/sftp-server')
    expect(profileFor(os('ubuntu', '24.04')).sftpServer).to.equal('/usr/lib/openssh/sftp-server')
  })
})
