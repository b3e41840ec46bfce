// What the command line says. `--quick` makes tiny rounds, to see that everything runs; its figures mean nothing.

/** Whether only a smoke test is wanted. */
export const quick: boolean = process.argv.includes('--quick');

/** The value of `--name=value`. */
export function option(name: string): string | undefined {
  const prefix = `--${name}=`;
  return process.argv.find((argument) => argument.startsWith(prefix))?.slice(prefix.length);
}

/** With `--seconds=420` each measurement takes so long, and every case is in every set: its intervals are narrower. */
export const givenSeconds: number | undefined = secondsIn(option('seconds'));

function secondsIn(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const seconds = Number(text);
  if (!(seconds > 0 && seconds < Infinity))
    throw new Error(`--seconds: given ${text}, accepted: a number above 0`);
  return seconds;
}
