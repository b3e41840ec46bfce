/** What statistics keep of an error. */

import { redact } from '../record.ts';
import type { ErrorSummary } from '../record.ts';
import { codeOfError, isObject } from './error-class.ts';

/** Name, message and code of anything that was thrown, without secrets; it never fails. */
export function summarizeError(error: unknown): ErrorSummary {
  try {
    if (!isObject(error)) {
      return { name: error === null ? 'null' : typeof error, message: redact(String(error)) };
    }
    const { name, message } = error;
    const code = codeOfError(error);
    return {
      name: typeof name === 'string' ? name : 'object',
      message: redact(typeof message === 'string' ? message : ''),
      ...(code !== undefined && { code }),
    };
  } catch {
    return { name: 'object', message: '' };
  }
}
