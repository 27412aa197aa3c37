/** Every question to the operator. The only file that knows inquirer; questions go to stderr, stdout is for data. */
import { createPrompt, useEffect, useKeypress, useState } from '@inquirer/core'
import inquirer from 'inquirer'
import { formatDuration } from '../domain/duration.js'

export async function askYes(question: string, signal: AbortSignal): Promise<boolean> {
  const prompt = inquirer.createPromptModule({ output: process.stderr, signal })
  const answers: { readonly yes: boolean } = await prompt([
    { type: 'confirm', name: 'yes', message: question, default: false },
  ])
  return answers.yes
}

export async function askText(question: string, signal: AbortSignal): Promise<string> {
  const prompt = inquirer.createPromptModule({ output: process.stderr, signal })
  const answers: { readonly text: string } = await prompt([{ type: 'input', name: 'text', message: question }])
  return answers.text.trim()
}

export type KeepAnswer = 'keep' | 'roll-back' | 'extend' | 'later' | 'expired'

const keys: Readonly<Record<string, KeepAnswer>> = { k: 'keep', r: 'roll-back', e: 'extend', l: 'later' }

const said: Readonly<Record<KeepAnswer, string>> = {
  keep: 'keep',
  'roll-back': 'roll back',
  extend: 'ten minutes more',
  later: 'left to the guard',
  expired: 'time is up: the guard rolls back',
}

interface KeepQuestion {
  readonly message: string
  /** Epoch seconds. */
  readonly deadline: number
}

const secondsLeft = (deadline: number): number => Math.max(0, deadline - Math.floor(Date.now() / 1000))

/** One key settles it, no Enter: with the guard running, a half-typed answer would be worse than none. */
const keepPrompt = createPrompt<KeepAnswer, KeepQuestion>(({ message, deadline }, done) => {
  const [left, setLeft] = useState(secondsLeft(deadline))
  const [answer, setAnswer] = useState<KeepAnswer | undefined>(undefined)
  const settle = (given: KeepAnswer): void => {
    setAnswer(given)
    done(given)
  }
  useEffect(() => {
    const timer = setInterval(() => {
      const now = secondsLeft(deadline)
      setLeft(now)
      if (now === 0) settle('expired')
    }, 1000)
    return () => {
      clearInterval(timer)
    }
  }, [])
  useKeypress((key) => {
    const given = keys[key.name]
    if (given !== undefined) settle(given)
  })
  if (answer !== undefined) return `${message} ${said[answer]}`
  return `${message} ${formatDuration(left)} left\n  k keep   r roll back now   e ten minutes more   l leave it to the guard`
})

/** Counts down and waits for one key. Resolves to `expired` when the guard's time is up. */
export function askKeep(question: KeepQuestion, signal: AbortSignal): Promise<KeepAnswer> {
  return keepPrompt(question, { output: process.stderr, signal })
}
