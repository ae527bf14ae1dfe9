/** The list of broadcasts: the server has written all of it; here moments become those of the reader's clock. */

import { when } from '../text';

for (const time of document.querySelectorAll('time')) time.textContent = when(new Date(time.dateTime));
