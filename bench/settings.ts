// What the command line says. `--quick` makes tiny rounds, to see that everything runs; its figures mean nothing.

/** Whether only a smoke test is wanted. */
export const quick: boolean = process.argv.includes('--quick');

/** The value of `--name=value`. */
export function option(name: string): string | undefined {
  const prefix = `--${name}=`;
  return process.argv.find((argument) => argument.startsWith(prefix))?.slice(prefix.length);
}
