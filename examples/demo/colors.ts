/** Colours, only where a terminal shows them. */
import picocolors from 'picocolors';

export const colors: ReturnType<typeof picocolors.createColors> = picocolors.createColors(
  process.stdout.isTTY && !process.env['NO_COLOR'],
);
