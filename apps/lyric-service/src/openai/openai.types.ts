/** What the model is asked to answer. */
export interface WrittenLyric {
  title: string;
  style: string;
  sections: { label: string; lines: string[] }[];
}

/** As strict mode wants it: every key required, nothing else allowed. */
export const lyricSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['title', 'style', 'sections'],
  properties: {
    title: { type: 'string', description: 'At most 80 characters.' },
    style: { type: 'string', description: 'Genre, mood, instruments and voice, at most 200 characters.' },
    sections: {
      type: 'array',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['label', 'lines'],
        properties: {
          label: { type: 'string', enum: ['intro', 'verse', 'chorus', 'bridge', 'outro'] },
          lines: { type: 'array', items: { type: 'string', description: 'One sung line, at most 200 characters.' } },
        },
      },
    },
  },
};

/** Beginnings of JSON that are tried: a model may think aloud, in braces too, before it answers. */
const MAX_BEGINNINGS = 20;

/** The lyric in an answer, fenced or between other words if need be. */
export function lyricIn(content: string): WrittenLyric | undefined {
  const end = content.lastIndexOf('}') + 1;
  let start = content.indexOf('{');
  for (let tried = 0; start !== -1 && tried < MAX_BEGINNINGS; tried++) {
    const found = parsed(content.slice(start, end));
    if (isWrittenLyric(found)) return found;
    start = content.indexOf('{', start + 1);
  }
  return undefined;
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined; // not a lyric, which the caller says better
  }
}

function isWrittenLyric(value: unknown): value is WrittenLyric {
  const { title, style, sections } = (value ?? {}) as Partial<WrittenLyric>;
  return typeof title === 'string' && typeof style === 'string' && Array.isArray(sections) && sections.every(isSection);
}

function isSection(value: unknown): boolean {
  const { label, lines } = (value ?? {}) as Partial<WrittenLyric['sections'][number]>;
  return typeof label === 'string' && Array.isArray(lines) && lines.every(line => typeof line === 'string');
}
