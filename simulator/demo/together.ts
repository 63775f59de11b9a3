// Several things at once, none of which outlives the others: when one fails the rest is told to end and waited for.
// Without it a process could be started after everything had been stopped.

/** Resolves with all results. `fail` is called with the first failure and has to make the other branches end. */
export async function together<T extends readonly unknown[]>(
  fail: (reason: unknown) => void,
  ...branches: { readonly [Position in keyof T]: Promise<T[Position]> }
): Promise<T> {
  await Promise.allSettled(
    branches.map(branch =>
      branch.catch((error: unknown) => {
        fail(error)
      }),
    ),
  )
  return (await Promise.all(branches)) as unknown as T
}
