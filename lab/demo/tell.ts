/** How the demo speaks: stdout, plain text. */

let number = 0

export function chapter(title: string): void {
  number++
  console.log(`\n${String(number)}. ${title}\n`)
}

export function tell(text: string): void {
  console.log(`   ${text}`)
}

/** Progress of the lab itself. */
export function say(text: string): void {
  console.error(`   ${text}`)
}

export function done(text: string): void {
  console.log(`\n${text}`)
}
