import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { map, type Observable } from 'rxjs';

/** How a call is answered, where its body alone does not say it. */
export class Answer<T = unknown> {
  constructor(
    readonly status: number,
    readonly body: T,
    readonly headers: Record<string, string> = {},
  ) {}

  with(headers: Record<string, string>): Answer<T> {
    return new Answer(this.status, this.body, { ...this.headers, ...headers });
  }
}

/** Sends answers. What is none is a body, and goes on as it is. */
@Injectable()
export class AnswerInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler<unknown>): Observable<unknown> {
    return next.handle().pipe(
      map((answer: unknown): unknown => {
        if (!(answer instanceof Answer)) return answer;
        const { status, headers, body } = answer as Answer;
        void context.switchToHttp().getResponse<FastifyReply>().status(status).headers(headers);
        return body;
      }),
    );
  }
}
