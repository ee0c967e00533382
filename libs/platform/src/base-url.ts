import { Transform } from 'class-transformer';
import { IsUrl, Matches } from 'class-validator';

/** An http(s) address that paths are appended to; kept without the slashes it may end with. */
export function IsBaseUrl(): PropertyDecorator {
  const rules = [
    Transform(({ value }) => (typeof value === 'string' ? value.replace(/\/+$/, '') : (value as unknown))),
    IsUrl({ protocols: ['http', 'https'], require_protocol: true, require_tld: false }),
    Matches(/^[^?#]*$/, { message: '$property must be an address without query and fragment' }),
  ];
  return (target, property) => rules.forEach(rule => rule(target, property));
}
