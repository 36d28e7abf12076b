import { it } from 'vitest';
import { needs } from './machine.ts';

// Replaces all tests behind nginx on a machine without it.
it('what readers and authors see behind nginx', ({ skip }) => {
  skip(`the tests behind nginx: ${needs.nginx.advice}`);
});
