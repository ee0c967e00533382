import { IsOptional, IsString, Length, MaxLength } from 'class-validator';

const all =
  (...rules: PropertyDecorator[]): PropertyDecorator =>
  (target, property) =>
    rules.forEach(rule => rule(target, property));

/** Stable and machine-readable, `UPPER_SNAKE`. */
export const IsCode = () => all(IsString(), Length(1, 64));

/** One sentence for a person, in our words; never a secret or a stack. */
export const IsReason = () => all(IsString(), MaxLength(1000));

/** A provider's own code and words, redacted and bounded, where it gave any. */
export const IsDetail = () => all(IsOptional(), IsString(), MaxLength(1000));
