// What the server does with a request. Time stands still but for the ms that a step takes.
import type { Answer } from '../../../fetch-adapter/test/servers/flaky-server.ts';
import { reset, status } from '../../../fetch-adapter/test/servers/flaky-server.ts';
import { SECRET } from './stage.ts';
import type { Stage } from './stage.ts';

/** Serves one request. */
export type ServerStep = (stage: Stage) => Answer;

const TAKES = 5;

/** Lets the time of a step pass, then answers. */
const after =
  (milliseconds: number, answer: Answer): ServerStep =>
  (stage) =>
  (...given) => {
    void stage.clock.advance(milliseconds).then(() => {
      answer(...given);
    });
  };

/** Answers with a status. A secret comes along. */
export const answers = (code: number, headers: Record<string, string> = {}): ServerStep =>
  after(TAKES, status(code, { 'Set-Cookie': `session=${SECRET}`, ...headers }, SECRET));

export const resets: ServerStep = after(TAKES, reset);

/** Says these words, whatever was asked, and ends the connection. */
const says = (words: string): ServerStep =>
  after(TAKES, (_, request) => {
    request.socket.end(words);
  });
export const cutsHeadersOff: ServerStep = says(`HTTP/1.1 200 OK\r\nSet-Cookie: ${SECRET}`);
export const speaksNoHttp: ServerStep = says(`${SECRET}?\r\n\r\n`);
export const cutsBodyOff: ServerStep = says('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbegin');

/** Lets time pass and says nothing. */
export const stalls = (milliseconds: number): ServerStep => after(milliseconds, () => undefined);

/** Does something on the stage, and says nothing. */
export const silently =
  (act: (stage: Stage) => void): ServerStep =>
  (stage) =>
    after(TAKES, () => {
      act(stage);
    })(stage);

/** Does something on the stage before the next step is done. */
export const telling =
  (act: (stage: Stage) => void, step: ServerStep): ServerStep =>
  (stage) =>
  (...given) => {
    act(stage);
    step(stage)(...given);
  };
