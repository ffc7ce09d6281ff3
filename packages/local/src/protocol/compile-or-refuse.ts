import { type CompiledPattern, compilePattern } from '../pattern/compile-pattern.ts';
import { InvalidPatternError } from '../pattern/invalid-pattern-error.ts';
import { ServiceError } from './service-error.ts';

/** @throws ServiceError `InvalidEventPatternException` with the matcher's reason. */
export function compileOrRefuse(pattern: string): CompiledPattern {
  try {
    return compilePattern(pattern);
  } catch (error) {
    if (!(error instanceof InvalidPatternError)) throw error;
    throw new ServiceError('InvalidEventPatternException', error.message);
  }
}
