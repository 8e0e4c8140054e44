//! The statements of promised answers.

/// user, topic, until, bytes, body
pub(crate) const INSERT: &str = "INSERT INTO promised_answers \
     (user_id, topic, until, bytes, body) VALUES ($1, $2, $3, $4, $5)";
/// user, the first number that stays in any case, how many, how many bytes
pub(crate) const TRIM: &str = "DELETE FROM promised_answers WHERE number IN \
     (SELECT number FROM (SELECT number, ROW_NUMBER() OVER newest AS place, \
     SUM(bytes) OVER newest AS together FROM promised_answers WHERE user_id = $1 \
     WINDOW newest AS (ORDER BY number DESC)) \
     WHERE number < $2 AND (place > $3 OR together > $4))";
/// user, number after, limit → number, topic, body
pub(crate) const READ: &str = "SELECT number, topic, body FROM promised_answers \
     WHERE user_id = $1 AND number > $2 ORDER BY number LIMIT $3";
/// number after → users
pub(crate) const USERS: &str =
    "SELECT DISTINCT user_id FROM promised_answers WHERE number > $1 ORDER BY user_id";
/// now, limit
pub(crate) const SWEEP: &str = "DELETE FROM promised_answers WHERE number IN \
     (SELECT number FROM promised_answers WHERE until <= $1 ORDER BY number LIMIT $2)";

/// Every statement of this file.
#[cfg(test)]
pub(crate) const ALL: [&str; 5] = [INSERT, TRIM, READ, USERS, SWEEP];
