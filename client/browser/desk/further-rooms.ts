import { DeskConflict } from './changes/conflict.ts';
import { DeskCorrect } from './changes/correct.ts';
import { DeskOtherChange } from './changes/other-change.ts';
import { DeskRetractedText } from './changes/retracted-text.ts';
import { DeskWithdraw } from './changes/withdraw.ts';
import { DeskPostSearch } from './composer/post-search.ts';
import { CoverageDialog } from './coverages/coverage-dialog.ts';
import { CoverageFormElement } from './coverages/coverage-form.ts';
import { CoverageHead } from './coverages/coverage-head.ts';
import { CoveragePicture } from './coverages/coverage-picture.ts';
import { DeskCoverages } from './coverages/desk-coverages.ts';
import { EndCoverage } from './coverages/end-coverage.ts';
import { DeskAddPictures } from './pictures/add-pictures.ts';
import { DeskCardPicture } from './pictures/card-picture.ts';
import { DeskPicture } from './pictures/picture-fields.ts';
import { DeskRestatements } from './restatements/restatements.ts';
import { DeskSessionEnd } from './session/session-end.ts';
import { DeskSignIn } from './session/sign-in.ts';

/** The rooms that are not needed to write a post. They are loaded while the desk is open already. */
export function defineFurtherRooms(): void {
  customElements.define('desk-sign-in', DeskSignIn);
  customElements.define('desk-session-end', DeskSessionEnd);
  customElements.define('desk-add-pictures', DeskAddPictures);
  customElements.define('desk-picture', DeskPicture);
  customElements.define('desk-card-picture', DeskCardPicture);
  customElements.define('desk-correct', DeskCorrect);
  customElements.define('desk-withdraw', DeskWithdraw);
  customElements.define('desk-retracted-text', DeskRetractedText);
  customElements.define('desk-conflict', DeskConflict);
  customElements.define('desk-other-change', DeskOtherChange);
  customElements.define('desk-coverages', DeskCoverages);
  customElements.define('desk-coverage-dialog', CoverageDialog);
  customElements.define('desk-coverage-form', CoverageFormElement);
  customElements.define('desk-coverage-picture', CoveragePicture);
  customElements.define('desk-coverage-head', CoverageHead);
  customElements.define('desk-end-coverage', EndCoverage);
  customElements.define('desk-post-search', DeskPostSearch);
  customElements.define('desk-restatements', DeskRestatements);
}
