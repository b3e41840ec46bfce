/** How numbers are said. */

/** A share from 0 to 1, as whole percents. */
export function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

/** A part of a whole, as whole percents; 0 of nothing is 0. */
export function percentOf(part: number, whole: number): string {
  return percent(whole === 0 ? 0 : part / whole);
}

/** A duration in ms, in the unit that reads best. */
export function duration(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  return `${Number((milliseconds / 1000).toFixed(milliseconds < 10_000 ? 2 : 1))} s`;
}

/** A number of things, with their name in the right form. */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${grouped(number)} ${number === 1 ? one : many}`;
}

/** A whole number that is easy to read, the same in every locale. */
export function grouped(number: number): string {
  return String(number).replaceAll(/\B(?=(?:\d{3})+$)/gu, ',');
}

/** 1st, 2nd, 3rd, 4th. */
export function ordinal(number: number): string {
  const last = number % 100 > 10 && number % 100 < 14 ? 0 : number % 10;
  return `${number}${['th', 'st', 'nd', 'rd'][last] ?? 'th'}`;
}
