/** A factor that bastionctl does not have: passwords for one login each, on a slip of paper, by pam_exec(8). */
import { BastionError } from '../../../src/domain/errors.js'
import type { MfaMethod } from '../../../src/features/mfa/method.js'

const module = 'pam_exec.so'
const everywhere = { name: 'libpam-modules' }

export const slips: MfaMethod = {
  name: 'slips',
  module,
  packages: { debian: everywhere, ubuntu: everywhere, amazon: everywhere, epel: everywhere },
  options: {
    checker: { kind: 'text', default: '/usr/local/sbin/check-slip', summary: 'what checks one', helpValue: 'PATH' },
  },
  check({ enrol }) {
    if (enrol !== 'required')
      throw new BastionError('usage', 'nobody can make slips at a login', 'use --enrol required')
  },
  factor: (store) => (store === 'root' ? '/var/lib/slips/%u' : '%h/.slips'),
  stack: ({ settings }, _store, remark = '') => ({
    template: 'etc/pam.d/bastionctl-mfa.slips',
    data: { remark, checker: settings['checker'] ?? '/usr/local/sbin/check-slip' },
  }),
  recognise: (stack) => (stack.some(({ target }) => target === module) ? 'required' : undefined),
}
