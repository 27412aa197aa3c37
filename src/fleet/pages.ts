/** All items of a paged AWS list. Errors: whatever `page` throws. */
export async function allPages<Page extends { NextToken?: string | undefined }, Item>(
  page: (token: { NextToken?: string }) => Promise<Page>,
  items: (page: Page) => readonly Item[] | undefined,
): Promise<Item[]> {
  const all: Item[] = []
  let token: string | undefined
  do {
    const answer: Page = await page(token === undefined ? {} : { NextToken: token })
    all.push(...(items(answer) ?? []))
    // EC2 ends with an absent token, Systems Manager in places with an empty one.
    token = answer.NextToken === '' ? undefined : answer.NextToken
  } while (token !== undefined)
  return all
}

export function chunks<T>(list: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, index) =>
    list.slice(index * size, (index + 1) * size),
  )
}
