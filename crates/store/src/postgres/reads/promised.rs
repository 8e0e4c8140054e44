//! The reads of promised answers.

use handoff_domain::UserId;

use super::{BYTES, Reads, found_of, one_more, position_of};
use crate::error::StoreError;
use crate::postgres::pipeline::call;
use crate::postgres::statements as text;
use crate::promised::{PromisedEnd, PromisedRow};
use crate::query::{PAGE_BYTES_MAX, Page};
use crate::sql::decode::{self, integer_at, senseless, text_at};

const TABLE: &str = "promised_answers";

impl Reads {
    pub(in crate::postgres) async fn promised(
        &self,
        user: UserId,
        after: u64,
        limit: usize,
    ) -> Result<Page<PromisedRow>, StoreError> {
        let (user, after) = (user.stored(), position_of(after));
        let call = call!(text::PROMISED_READ, user, after, one_more(limit), BYTES);
        let rows = self.ask_one("reading promised answers", call).await?;
        let (mut items, mut bytes) = (Vec::new(), 0_usize);
        for row in &rows {
            if items.len() >= limit || bytes >= PAGE_BYTES_MAX {
                return Ok(Page { items, more: true });
            }
            let name = || format!("{TABLE} {:?}", row.try_get::<_, i64>(0).ok());
            let answer = self.or_aside(name, decode::promised_of(row))?;
            bytes += answer.as_ref().map_or(0, |answer| answer.body.len());
            items.extend(answer);
        }
        let more = rows.first().map_or(0, found_of) > rows.len();
        Ok(Page { items, more })
    }

    pub(in crate::postgres) async fn promised_after(
        &self,
        number: u64,
    ) -> Result<PromisedEnd, StoreError> {
        let calls = [call!(text::END_READ), call!(text::PROMISED_USERS, position_of(number))];
        let found = self.ask("reading who was promised answers", &calls).await?;
        let end = found[0].first().map(|row| integer_at(row, 1, "log_end", "1")).transpose()?;
        let user = |row: &tokio_postgres::Row| {
            let user = text_at(row, 0, TABLE, "users")?;
            user.parse().map_err(|_| senseless(TABLE, user, "no such user"))
        };
        let to = found[1].iter().map(user).collect::<Result<_, StoreError>>()?;
        Ok(PromisedEnd { last: end.unwrap_or(0).cast_unsigned(), to })
    }
}
