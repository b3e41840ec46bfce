// The table of every way that a request can end, through undici: as an interceptor, and as a Dispatcher.
import type { RetryEngine } from '@tenax/core';
import { Agent, errors, request } from 'undici';
import type { Dispatcher } from 'undici';

import { OWN_ERRORS } from '../../core/test/record-table/client.ts';
import type { Client, OpenClient, TableRequest } from '../../core/test/record-table/client.ts';
import { describeRecords } from '../../core/test/record-table/describe-records.ts';
import { RetryDispatcher, retryInterceptor } from '../src/index.ts';

/** Aborts an attempt when somebody else than the caller says so. */
class AbortableHandler implements Dispatcher.DispatchHandler {
  readonly #handler: Dispatcher.DispatchHandler;
  readonly #another: AbortSignal | undefined;

  constructor(handler: Dispatcher.DispatchHandler, another: AbortSignal | undefined) {
    this.#handler = handler;
    this.#another = another;
  }

  onRequestStart(...given: HandlerArguments<'onRequestStart'>): void {
    this.#another?.addEventListener('abort', () => {
      given[0].abort(new errors.RequestAbortedError());
    });
    this.#handler.onRequestStart?.(...given);
  }

  onResponseStart(...given: HandlerArguments<'onResponseStart'>): void {
    this.#handler.onResponseStart?.(...given);
  }

  onResponseData(...given: HandlerArguments<'onResponseData'>): void {
    this.#handler.onResponseData?.(...given);
  }

  onResponseEnd(...given: HandlerArguments<'onResponseEnd'>): void {
    this.#handler.onResponseEnd?.(...given);
  }

  onResponseError(...given: HandlerArguments<'onResponseError'>): void {
    this.#handler.onResponseError?.(...given);
  }
}

type HandlerArguments<Name extends keyof Dispatcher.DispatchHandler> = Parameters<
  Dispatcher.DispatchHandler[Name] & {}
>;

/** An agent whose attempts somebody else can abort. */
class AbortableAgent extends Agent {
  another: AbortSignal | undefined;

  override dispatch(options: Agent.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    return super.dispatch(options, new AbortableHandler(handler, this.another));
  }
}

const words: Client['words'] = {
  errors: {
    ...OWN_ERRORS,
    refused: { name: 'Error', code: 'ECONNREFUSED' },
    reset: { name: 'Error', code: 'ECONNRESET' },
    'cut off': { name: 'SocketError', code: 'UND_ERR_SOCKET' },
    'body cut off': { name: 'SocketError', code: 'UND_ERR_SOCKET' },
    // undici names no code here.
    'no HTTP': { name: 'HTTPParserError' },
    'no TLS': { name: 'Error', code: 'ERR_SSL_WRONG_VERSION_NUMBER' },
    'broken header': { name: 'InvalidArgumentError', code: 'UND_ERR_INVALID_ARG' },
    'caller aborted': { name: 'AbortError' },
    'aborted by another': { name: 'AbortError', code: 'UND_ERR_ABORTED' },
  },
};

function opened(agent: AbortableAgent, dispatcher: Dispatcher, engine: RetryEngine): OpenClient {
  return {
    engine,
    async send({ body, headers, method, signal, signalOfAnother, url }: TableRequest) {
      agent.another = signalOfAnother;
      const response = await request(url, { dispatcher, method, headers, signal, body: body ?? null });
      response.body.on('error', () => undefined).resume();
      return response.context;
    },
    [Symbol.asyncDispose]: () => agent.destroy(),
  };
}

describeRecords({
  name: 'undici-dispatcher',
  takesCredentialsInUrl: true,
  words,
  open(options) {
    const agent = new AbortableAgent();
    const interceptor = retryInterceptor(options);
    return opened(agent, agent.compose(interceptor), interceptor.engine);
  },
});

describeRecords({
  name: 'RetryDispatcher',
  takesCredentialsInUrl: true,
  words,
  open(options) {
    const agent = new AbortableAgent();
    const dispatcher = new RetryDispatcher(agent, options);
    return {
      ...opened(agent, dispatcher, dispatcher.engine),
      beginClose: () => {
        void dispatcher.close();
      },
    };
  },
});
