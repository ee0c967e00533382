import { message, RenderCalledBack, SongCalledBack, TOKEN, type CalledBack } from '@castad/contracts';
import { canonicalId, idIn, idOf } from '@castad/platform';

export type CallingProvider = 'suno' | 'creatomate';

/** A callback as a message. The same callback has the same id, so that the inbox drops what a sender repeats. */
export interface Callback {
  id: string;
  message: CalledBack;
}

interface Rule {
  type: typeof SongCalledBack | typeof RenderCalledBack;
  /** Where the provider's body names the job. */
  jobId: (body: unknown) => string | undefined;
}

/** Both spellings have been seen. */
interface SunoData {
  task_id?: unknown;
  taskId?: unknown;
}

const rules: Record<CallingProvider, Rule> = {
  suno: {
    type: SongCalledBack,
    jobId: body => {
      const { task_id, taskId } = (body as { data?: SunoData | null } | null)?.data ?? {};
      return idIn(task_id) ?? idIn(taskId);
    },
  },
  creatomate: { type: RenderCalledBack, jobId: body => idIn((body as { id?: unknown } | null)?.id) },
};

export const isCallingProvider = (name: string | undefined): name is CallingProvider =>
  name !== undefined && Object.hasOwn(rules, name);

/** Reads `/callbacks/<provider>/<taskId>/<token>`, split, and its body. Undefined: it names no job of anybody. */
export function readCallback([provider, task = '', token, ...more]: string[], body: Buffer): Callback | undefined {
  if (more.length > 0 || !isCallingProvider(provider)) return undefined;
  const taskId = canonicalId(task);
  if (!taskId || !token || !TOKEN.test(token)) return undefined;
  const { type, jobId: read } = rules[provider];
  const text = body.toString();
  const jobId = read(parsed(text));
  if (!jobId) return undefined;
  return {
    id: idOf(provider, token, jobId, text),
    message: message<CalledBack>(type, { taskId, revision: 0, token, jobId }),
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
