/**
 * The names of attributes. Those of OpenTelemetry's semantic conventions are written out, so that this package needs none
 * but the API; a test compares them with the real ones.
 */

export const ERROR_TYPE = 'error.type';
export const HTTP_REQUEST_METHOD = 'http.request.method';
export const HTTP_REQUEST_METHOD_ORIGINAL = 'http.request.method_original';
export const HTTP_REQUEST_RESEND_COUNT = 'http.request.resend_count';
export const HTTP_RESPONSE_STATUS_CODE = 'http.response.status_code';
export const SERVER_ADDRESS = 'server.address';
export const SERVER_PORT = 'server.port';
export const URL_FULL = 'url.full';

/** What the conventions say of a value that is not among the known ones. */
export const OTHER = '_OTHER';

export const TENAX_ATTEMPTS = 'tenax.attempts';
export const TENAX_ATTEMPT_DELAY = 'tenax.attempt.delay';
export const TENAX_ATTEMPT_HEDGED = 'tenax.attempt.hedged';
export const TENAX_ATTEMPT_NUMBER = 'tenax.attempt.number';
export const TENAX_ATTEMPT_REASON = 'tenax.attempt.reason';
export const TENAX_BUDGET_DECISION = 'tenax.budget.decision';
export const TENAX_CIRCUIT_STATE = 'tenax.circuit.state';
export const TENAX_DELAY = 'tenax.delay';
export const TENAX_ENGINE = 'tenax.engine';
export const TENAX_FAILURE_CLASS = 'tenax.failure_class';
export const TENAX_KEY = 'tenax.key';
export const TENAX_OPERATION_ID = 'tenax.operation.id';
export const TENAX_REASON = 'tenax.reason';
export const TENAX_RESULT = 'tenax.result';
export const TENAX_RETRY_REASON = 'tenax.retry.reason';
export const TENAX_STATUS_CLASS = 'tenax.status_class';
