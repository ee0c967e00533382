import { describe, expect, it } from '@jest/globals';
import { canonicalId, IsId, newId } from './ids.ts';
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
