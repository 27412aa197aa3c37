import { expect } from 'chai'
import { ec2Host, hybridHost } from '../../src/fleet/to-host.js'

describe('what the registries say of a host', () => {
  it('names a system other than Linux', () => {
    const node = { InstanceId: 'mi-1', PingStatus: 'Online' } as const
    expect(hybridHost({ ...node, PlatformType: 'Windows' }, {}).otherSystem).to.equal('Windows')
    expect(hybridHost({ ...node, PlatformType: 'Linux' }, {})).to.not.have.property('otherSystem')
    expect(ec2Host({ InstanceId: 'i-1', State: { Name: 'running' } }, undefined)).to.not.have.property('otherSystem')
  })
})
