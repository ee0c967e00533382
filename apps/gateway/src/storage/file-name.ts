import { shortened } from '@castad/platform';
import { create } from 'content-disposition';

/** What some file system does not take, and what changes how a name is read. */
const FORBIDDEN = /[\p{Cc}\p{Cf}<>:"/\\|?*]+/gu;
const MAX_NAME = 80;

/** `바다민박-3-9x16.mp4`: a name that every system can save, in the script of the business. */
export function fileName(business: string, parts: (string | number)[], extension: string): string {
  const name = shortened(business.replace(FORBIDDEN, ' ').replace(/\s+/gu, ' ').trim(), MAX_NAME).replace(
    /^[. ]+|[. ]+$/g,
    '',
  );
  const rest = parts.map(part => String(part).replaceAll(':', 'x'));
  return [name || 'castad', ...rest].join('-') + extension;
}

/** RFC 6266. Whoever reads ASCII alone saves the file as `fallback`. */
export function contentDisposition(name: string, fallback: string, isAttachment = false): string {
  const isAscii = /^[ -~]*$/.test(name) && !name.includes('%');
  return create(name, { type: isAttachment ? 'attachment' : 'inline', fallback: isAscii ? name : fallback });
}
