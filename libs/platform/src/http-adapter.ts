import axios, { AxiosError, type AxiosAdapter, type AxiosResponse, type InternalAxiosRequestConfig } from 'axios';
import { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';

type Controller = Dispatcher.DispatchController;

/** The request surely never left: whoever was called did nothing. */
export class NotSent extends AxiosError {
  constructor(cause: NodeJS.ErrnoException, config: InternalAxiosRequestConfig) {
    super(cause.message, cause.code, config);
    this.cause = cause;
  }
}

/**
 * Lets axios call through undici. Every status is an answer, its body a text or, for `responseType: 'stream'`, a stream;
 * `timeout` covers the call until then.
 */
export const undiciAdapter =
  (dispatcher: Pick<Dispatcher, 'dispatch'>): AxiosAdapter =>
  config => {
    const { url = '', method = 'get', headers } = config;
    const { origin, pathname, search } = new URL(config.baseURL || config.params ? axios.getUri(config) : url);
    const call = new Call(config);
    dispatcher.dispatch(
      {
        origin,
        path: pathname + search,
        method: method.toUpperCase(),
        headers: headers.toJSON() as Record<string, string>,
        body: config.data as Dispatcher.DispatchOptions['body'],
      },
      call,
    );
    return call.answered.promise;
  };

/** One request and its answer. */
class Call implements Dispatcher.DispatchHandler {
  readonly answered = Promise.withResolvers<AxiosResponse>();
  private readonly config: InternalAxiosRequestConfig;
  private readonly timer?: NodeJS.Timeout;
  private readonly chunks: Buffer[] = [];
  private size = 0;
  private isOver = false;
  /** There from the moment when undici writes the request to a connection; what fails earlier was not sent. */
  private sending?: Controller;
  private response?: AxiosResponse;
  private stream?: Readable;

  constructor(config: InternalAxiosRequestConfig) {
    this.config = config;
    const { timeout } = config;
    if (timeout)
      this.timer = setTimeout(() => this.abort(new AxiosError('timed out', AxiosError.ECONNABORTED)), timeout);
  }

  /** The caller of what was given up may have made the call anew, and undici may not send anything twice. */
  onRequestStart(controller: Controller): void {
    if (this.isOver || this.sending) controller.abort(new Error('not to be sent'));
    else this.sending = controller;
  }

  onResponseStart(controller: Controller, status: number, headers: AxiosResponse['headers'], statusText = ''): void {
    if (status < 200) return;
    this.response = { status, statusText, headers, data: undefined, config: this.config };
    if (this.config.responseType !== 'stream') return;
    this.stream = new Readable({
      read: () => controller.resume(),
      destroy: (error, done) => {
        controller.abort(error ?? new Error('not read to its end'));
        done(error);
      },
    });
    this.answer(this.stream);
  }

  onResponseData(controller: Controller, chunk: Buffer): void {
    if (this.stream) {
      if (!this.stream.push(chunk)) controller.pause();
      return;
    }
    const { maxContentLength: limit = -1 } = this.config;
    this.size += chunk.length;
    this.chunks.push(chunk);
    if (limit >= 0 && this.size > limit) this.abort(new AxiosError('too large', AxiosError.ERR_BAD_RESPONSE));
  }

  onResponseEnd(): void {
    if (this.stream) this.stream.push(null);
    else this.answer(new TextDecoder().decode(Buffer.concat(this.chunks)));
  }

  onResponseError(_: unknown, error: Error): void {
    this.stream?.destroy(error);
    this.fail(error);
  }

  private abort(error: AxiosError): void {
    if (this.sending) this.sending.abort(error);
    else this.fail(error);
  }

  private answer(data: unknown): void {
    this.end();
    this.answered.resolve({ ...this.response, data } as AxiosResponse);
  }

  private fail(error: Error): void {
    this.end();
    this.answered.reject(
      this.sending ? AxiosError.from(error, undefined, this.config) : new NotSent(error, this.config),
    );
  }

  private end(): void {
    this.isOver = true;
    clearTimeout(this.timer);
  }
}
