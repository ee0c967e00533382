import { describe, expect, it } from '@jest/globals';
import { canonicalId, firstIdAt, IsId, isId, newId, timeOfId } from './ids.ts';
import { InvalidShape, validationPipe } from './problem.filter.ts';

class Request {
  @IsId()
  taskId!: string;

  @IsId({ each: true })
  imageIds!: string[];
}

const taken = (value: unknown): Promise<Request> =>
  validationPipe().transform(value, { type: 'body', metatype: Request });

describe('ids', () => {
  it('tell when they were made, and lie in its order', () => {
    const [before, id, after] = [new Date(), newId(), new Date()];
    const madeAt = timeOfId(id);
    expect(before <= madeAt && madeAt <= after).toBe(true);
    expect(firstIdAt(madeAt) < id && id < firstIdAt(new Date(madeAt.getTime() + 1))).toBe(true);
    expect(isId(firstIdAt(madeAt).replace('-0000-0000-', '-7000-8000-'))).toBe(true);
    expect([firstIdAt(new Date(-1)), firstIdAt(new Date('9999-12-31T23:59:59Z'))].map(text => text.length)).toEqual([
      36, 36,
    ]);
  });

  it('have one form in whatever case they come', async () => {
    const [taskId, imageId] = [newId(), newId()];
    expect(canonicalId(taskId.toUpperCase())).toBe(taskId);
    expect(await taken({ taskId: taskId.toUpperCase(), imageIds: [imageId.toUpperCase(), imageId] })).toEqual({
      taskId,
      imageIds: [imageId, imageId],
    });
  });

  it.each([7, null, '', 'x', ['a'], `${newId()} `])('are none: %j', async id => {
    expect(canonicalId(String(id))).toBeUndefined();
    await expect(taken({ taskId: id, imageIds: [id] })).rejects.toBeInstanceOf(InvalidShape);
  });
});
