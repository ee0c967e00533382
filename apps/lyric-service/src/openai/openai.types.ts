/** What the model is asked to answer. */
export interface WrittenLyric {
  title: string;
  style: string;
  sections: { label: string; lines: string[] }[];
}

/** As strict mode wants it: every key required, nothing else allowed. */
const lyricSchema = {
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

/** Several of them, to choose from. */
const draftsSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['lyrics'],
  properties: { lyrics: { type: 'array', items: lyricSchema, description: 'As many as "drafts" says.' } },
};

/** The form of an answer that holds so many lyrics. */
export const formatOf = (drafts: number) =>
  drafts > 1
    ? { name: 'lyrics', strict: true, schema: draftsSchema }
    : { name: 'lyric', strict: true, schema: lyricSchema };

/** Beginnings of JSON that are tried: a model may think aloud, in braces too, before it answers. */
const MAX_BEGINNINGS = 20;

/** The lyrics in an answer, one or a list, fenced or between other words if need be. */
export function lyricsIn(content: string): WrittenLyric[] {
  const end = content.lastIndexOf('}') + 1;
  let start = content.indexOf('{');
  for (let tried = 0; start !== -1 && tried < MAX_BEGINNINGS; tried++) {
    const found = parsed(content.slice(start, end));
    const { lyrics = [found] } = (found ?? {}) as { lyrics?: unknown };
    const written = Array.isArray(lyrics) ? lyrics.filter(isWrittenLyric) : [];
    if (written.length > 0) return written;
    start = content.indexOf('{', start + 1);
  }
  return [];
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
