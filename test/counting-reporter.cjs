/**
 * Mocha's own spec reporter, which also says why a test is tried once more and what took how long, and writes how many passed, failed and were skipped,
 * which failed and why, and which needed a second try, to COUNTS_FILE.
 */
const { writeFileSync } = require('node:fs')
const { reporters, Runner } = require('mocha')

module.exports = class CountingReporter extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options)
    const again = new Set()
    runner.on(Runner.constants.EVENT_TEST_RETRY, (test, error) => {
      again.add(test.fullTitle())
      console.log(`      once more: ${test.title}\n${String(error?.message).replace(/^/gm, '        ')}`)
    })
    // What the time goes into.
    const began = new Map()
    runner.on(Runner.constants.EVENT_SUITE_BEGIN, (suite) => began.set(suite, Date.now()))
    runner.on(Runner.constants.EVENT_SUITE_END, (suite) => {
      const seconds = Math.round((Date.now() - began.get(suite)) / 1000)
      if (suite.parent?.root && seconds >= 5) console.log(`  ${suite.title}: ${seconds} s`)
    })
    runner.once(Runner.constants.EVENT_RUN_END, () => {
      const { passes: passed, failures: failed, pending: skipped } = this.stats
      const wrong = this.failures.map((test) => ({ title: test.fullTitle(), why: String(test.err?.message) }))
      if (process.env.COUNTS_FILE)
        writeFileSync(process.env.COUNTS_FILE, JSON.stringify({ passed, failed, skipped, wrong, again: [...again] }))
    })
  }
}
